// A commit that is too long for one script. It takes the way of a load that is merged (load.ts): its mutations gather where
// nobody looks, the partition is frozen, its expectations are checked, the root of the namespace decides, and the mutations
// are laid over the content step by step, while everybody who comes helps and nobody reads. Only it knows what a commit
// knows: expectations, an id, versions to answer with, and one time for all it writes.
import { LIBRARY } from "./library.js";

/**
 *   ARGV[3]  load     ARGV[4]  number of this chunk     ARGV[5]  now, ms
 *   ARGV[6…] mutations, as commit.ts takes them
 *
 * Answers {"ok"} or {"gone"}.
 */
export const STAGE = `${LIBRARY}
local load = base .. ARGV[3] .. ':load'
local staged = call('HGET', load, 'put')
if not staged or not call('ZSCORE', base .. 'loads', ARGV[3]) then return { 'gone' } end
if tonumber(staged) >= tonumber(ARGV[4]) then return { 'ok' } end
local chunk = {}
for i = 6, #ARGV do chunk[i - 5] = ARGV[i] end
call('RPUSH', base .. ARGV[3] .. ':chunks', cmsgpack.pack(chunk))
call('HSET', load, 'put', ARGV[4])
call('ZADD', base .. 'loads', ARGV[5], ARGV[3])
return { 'ok' }
`;

/**
 *   ARGV[3]  load     ARGV[4]  now, ms: of the commit     ARGV[5]  its id or ""
 *   ARGV[6], ARGV[7]  points of the partitions before and behind this one, for checkpoints
 *
 * Freezes the partition. Answers {"ok"}, {"known", result} when a commit with that id has happened, {"gone"}, or what is in
 * the way.
 */
export const HOLD = `${LIBRARY}
local head = read_head()
local load = base .. ARGV[3] .. ':load'
if not head or not call('ZSCORE', base .. 'loads', ARGV[3]) then return { 'gone' } end
if head.merging then return { 'merging', head.merging } end
if head.frozen and head.frozen ~= ARGV[3] then return { 'frozen', head.frozen } end
local known = recall(ARGV[5], tonumber(ARGV[4]))
if known then return { 'known', known } end
call('HSET', load, 'now', ARGV[4], 'id', ARGV[5], 'before', ARGV[6], 'behind', ARGV[7], 'done', 0)
call('HSET', head_key, 'frozen', ARGV[3])
return { 'ok' }
`;

/** ARGV[3] load; ARGV[4…] key, version or "", …. Answers {"ok", number of the first that fails or ""} or {"gone"}. */
export const EXPECT = `${LIBRARY}
local head = read_head()
if not head or head.frozen ~= ARGV[3] then return { 'gone' } end
local at = 2
local function pair()
  at = at + 2
  return ARGV[at], ARGV[at + 1]
end
local now = tonumber(call('HGET', base .. ARGV[3] .. ':load', 'now'))
return { 'ok', failed_expectation(head, (#ARGV - 3) / 2, pair, now) or '' }
`;

/**
 * Of the script that lays a load over the content, the step of a commit: one chunk. Its result, once nothing is left, is
 * "checkpoint:@v-n" and the deletes that found nothing, each by its number: versions count from v for n mutations but those.
 */
export const COMMIT_STEP = `
local function commit_step(head, source)
  local f = call('HMGET', source .. 'load', 'now', 'id', 'before', 'behind', 'done', 'from')
  local now, done = tonumber(f[1]), tonumber(f[5])
  local packed = call('LPOP', source .. 'chunks')
  local chunk, at, missed = packed and cmsgpack.unpack(packed) or {}, 0, {}
  local function take()
    at = at + 1
    return chunk[at]
  end
  while at < #chunk do
    done = done + 1
    local kind, key = take(), take()
    if kind == 'p' then
      commit_put(head, key, { value = take(), tags = nonempty(take()), expires = nonempty(take()), hash = take(),
        length = nonempty(take()) }, now)
    elseif not commit_delete(head, key, now) then
      missed[#missed + 1] = done
    end
  end
  call('HSET', source .. 'load', 'done', done)
  if #missed > 0 then call('RPUSH', source .. 'missed', table.concat(missed, ',')) end
  if call('EXISTS', source .. 'chunks') == 1 then return true end
  local point = f[3] .. head.server .. '.' .. text(head.version) .. f[4]
  local versions = '@' .. f[6] .. '-' .. done
  local without = call('LRANGE', source .. 'missed', 0, -1)
  if #without > 0 then versions = versions .. ',' .. table.concat(without, ',') end
  local result = head.id .. '-' .. point .. ':' .. versions
  remember(f[2], result, now)
  return false, result
end
`;
