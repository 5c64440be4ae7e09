// Loads: content on its way in. It gathers in a space of its own, which no reader knows. Then the load freezes each
// partition, is decided in the root of the namespace (root.ts), and is finished in each: a replacing load becomes the
// content, a merging one is laid over it step by step, while everybody who comes helps and nobody reads.
//
// INVARIANT: no load is decided before all partitions are frozen, and no partition thaws before it has been decided. So
// whoever meets a frozen one asks the root, and from the decision on nobody sees the old content.
import { LIBRARY } from "./library.js";
import { COMMIT_STEP } from "./long-commit.js";

/** ARGV[3] load; ARGV[4] mode; ARGV[5] now, ms; ARGV[6] onConflict. Answers {"ok"}. */
export const BEGIN = `${LIBRARY}
local head, why = guard()
if not head then return why end
local load = base .. ARGV[3] .. ':load'
call('HSET', load, 'version', 0, 'count', 0, 'bytes', 0, 'digest', EMPTY_DIGEST, 'mode', ARGV[4],
  'generation', head.written and head.id or '', 'put', 0, 'conflict', ARGV[6], 'skipped', 0)
call('ZADD', base .. 'loads', ARGV[5], ARGV[3])
return { 'ok' }
`;

/**
 *   ARGV[3]  load     ARGV[4]  number of this put     ARGV[5]  now, ms
 *   ARGV[6]  number of changes, then each: "p" key value tags-or-"" expires-or-"" hash length-or-"" created updated
 *            | "d" key deletedAt
 *
 * A replacing load takes its versions from the namespace's counter: none is ever used twice, though the old content is
 * written to meanwhile. A long commit that is laid over the content counts on without a gap, so there it waits. Answers {"ok"},
 * {"gone"}, {"merging", load}, or {"replaced"} when the namespace is another than when it began.
 */
export const PUT = `${LIBRARY}
local head = read_head()
if not head then return { 'gone' } end
local key = base .. ARGV[3] .. ':load'
local f = call('HMGET', key, 'version', 'count', 'bytes', 'digest', 'mode', 'put', 'generation')
if not f[1] or not call('ZSCORE', base .. 'loads', ARGV[3]) then return { 'gone' } end
if tonumber(f[6]) >= tonumber(ARGV[4]) then return { 'ok' } end
local replaces = f[5] == 'replace'
if replaces and f[7] ~= (head.written and head.id or '') then return { 'replaced' } end
if replaces and head.merging then return { 'merging', head.merging } end
local space = open_space(ARGV[3], f[1], f[2], f[3], f[4])
local version = replaces and head.counter or space.version
local at = 7
local function take()
  local value = ARGV[at]
  at = at + 1
  return value
end
for _ = 1, tonumber(ARGV[6]) do
  local kind, name = take(), take()
  version = version + 1
  if kind == 'p' then
    local new = { value = take(), tags = nonempty(take()), expires = nonempty(take()), hash = take(),
      length = nonempty(take()), created = take(), updated = take() }
    put_in(space, name, take_out(space, name), new, version)
  else
    bury(space, name, version, take())
  end
end
write_tag_counts(space)
space.version = version
write_totals(key, space)
call('HSET', key, 'put', ARGV[4])
call('ZADD', base .. 'loads', ARGV[5], ARGV[3])
if replaces then call('HSET', head_key, 'counter', text(version)) end
return { 'ok' }
`;

/** ARGV[3] load. Answers {"ok", version, count, bytes, digest of what was loaded}, {"gone"} or {"replaced"}. */
export const FREEZE = `${LIBRARY}
local head = read_head()
if not head then return { 'gone' } end
local f = call('HMGET', base .. ARGV[3] .. ':load', 'version', 'count', 'bytes', 'digest', 'mode', 'generation')
if not f[1] or not call('ZSCORE', base .. 'loads', ARGV[3]) then return { 'gone' } end
if head.merging then return { 'merging', head.merging } end
if head.frozen and head.frozen ~= ARGV[3] then return { 'frozen', head.frozen } end
if f[5] == 'replace' and f[6] ~= (head.written and head.id or '') then return { 'replaced' } end
call('HSET', head_key, 'frozen', ARGV[3])
return { 'ok', f[1], f[2], f[3], f[4] }
`;

/** ARGV[3] load. Answers {"ok"}. */
export const THAW = `${LIBRARY}
if call('HGET', head_key, 'frozen') == ARGV[3] then call('HDEL', head_key, 'frozen') end
return { 'ok' }
`;

/** ARGV[3] load, decided upon. Answers {"ok", facts}; {"ok"} where it is finished, or being merged; {"gone"}. */
export const FINISH = `${LIBRARY}
local head = read_head()
if not head then return { 'gone' } end
if head.frozen ~= ARGV[3] then return { 'ok' } end
local load = base .. ARGV[3] .. ':load'
local f = call('HMGET', load, 'version', 'count', 'bytes', 'digest', 'mode')
note_server(head)
head.written = true
if f[5] == 'commit' then call('HSET', load, 'from', text(head.counter + 1)) else head.loads = head.loads + 1 end
if f[5] == 'replace' then
  call('SADD', base .. 'garbage', head.id)
  local content = open_space(ARGV[3], head.counter, f[2], f[3], f[4])
  content.counter, content.trimmed = head.counter, head.counter
  content.server, content.history, content.replication = head.server, head.history, head.replication
  content.written, content.loads = true, head.loads
  write_head(content)
  call('HSET', head_key, 'generation', ARGV[3])
  call('ZREM', base .. 'loads', ARGV[3])
  call('UNLINK', load)
  call('HDEL', head_key, 'frozen')
  return { 'ok', facts_of(content) }
end
write_head(head)
call('HSET', head_key, 'merging', ARGV[3])
call('HDEL', head_key, 'frozen')
return { 'ok' }
`;

/**
 * ARGV[3] load; ARGV[4] now, ms; ARGV[5] at most so many changes; ARGV[6] stops once it has read so many bytes of values. Lays
 * the oldest of what is left over the content; of a long commit, one chunk. Answers {"ok", "1" while there is more}.
 */
export const MERGE = `${LIBRARY}${COMMIT_STEP}
local head = read_head()
if not head or head.merging ~= ARGV[3] then return { 'ok', '' } end
local now, limit, bytes_left = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local source = base .. ARGV[3] .. ':'
local f = call('HMGET', source .. 'load', 'mode', 'conflict')
local mode, conflict, skipped = f[1], f[2], 0

local function keeps_existing(key, time)
  if conflict == 'overwrite' then return false end
  local f = call('HMGET', head.prefix .. 'r:' .. key, 'updated', 'expires')
  if not f[1] or is_expired(f[2], now) then return false end
  return conflict == 'keep-existing' or tonumber(f[1]) >= tonumber(time)
end

local function merge_record(key)
  local f = call('HMGET', source .. 'r:' .. key, 'value', 'tags', 'expires', 'hash', 'length', 'created', 'updated')
  bytes_left = bytes_left - #f[1]
  if keeps_existing(key, f[7]) then
    skipped = skipped + 1
  else
    local new = { value = f[1], tags = f[2], expires = f[3], hash = f[4], length = f[5], created = f[6], updated = f[7] }
    put_in(head, key, take_out(head, key), new, next_version(head))
  end
  call('ZREM', source .. 'feed', key)
end

local function merge_grave(key)
  local deleted_at = call('HGET', source .. 'deleted', key)
  if keeps_existing(key, deleted_at) then
    skipped = skipped + 1
  else
    bury(head, key, next_version(head), deleted_at)
  end
  call('ZREM', source .. 'graves', key)
end

local function merge_step()
  local feed = call('ZRANGE', source .. 'feed', 0, limit - 1, 'WITHSCORES')
  local graves = call('ZRANGE', source .. 'graves', 0, limit - 1, 'WITHSCORES')
  local i, j = 1, 1
  for _ = 1, limit do
    local version, buried = tonumber(feed[i + 1]), tonumber(graves[j + 1])
    if version and (not buried or version < buried) then
      merge_record(feed[i])
      i = i + 2
    elseif buried then
      merge_grave(graves[j])
      j = j + 2
    end
    if bytes_left <= 0 then break end
  end
  call('HINCRBY', source .. 'load', 'skipped', skipped)
  return call('EXISTS', source .. 'feed', source .. 'graves') > 0
end

note_server(head)
local has_more, outcome
if mode == 'commit' then has_more, outcome = commit_step(head, source) else has_more = merge_step() end
write_head(head)
if not has_more then
  outcome = outcome or call('HGET', source .. 'load', 'skipped') .. ' ' .. table.concat(facts_of(head), ' ')
  call('HSET', source .. 'load', 'outcome', outcome)
  remember('load:' .. ARGV[3], outcome, now)
  call('HDEL', head_key, 'merging')
end
return { 'ok', has_more and '1' or '' }
`;

/**
 * ARGV[3] load; ARGV[4] now, ms. To garbage with what is left of it. Answers {"ok", outcome or ""}: of a commit its result, of a
 * merge how many it skipped and the facts of its head, with spaces between. Asked again when the garbage is gone, it remembers.
 */
export const END = `${LIBRARY}
local outcome = call('HGET', base .. ARGV[3] .. ':load', 'outcome') or recall('load:' .. ARGV[3], tonumber(ARGV[4]))
if call('ZREM', base .. 'loads', ARGV[3]) == 1 then call('SADD', base .. 'garbage', ARGV[3]) end
return { 'ok', outcome or '' }
`;
