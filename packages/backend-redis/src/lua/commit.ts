// Commits that wait together, in one script: each still succeeds or is refused alone. The whole group is written once,
// however often it is sent: a writer counts its groups, and the answer to its latest is kept.
import { LIBRARY } from "./library.js";

/**
 *   ARGV[3]   now, ms             ARGV[4]  tombstones of before this are forgotten, ms
 *   ARGV[5]   writer              ARGV[6]  number of this group
 *   ARGV[7], ARGV[8]   points of the partitions before and behind this one, for checkpoints
 *   ARGV[9]   number of commits, then each commit:
 *     id or ""  expectations  (key version-or-"")*  mutations  mutation*
 *     mutation := "p" key value tags-or-"" expires-or-"" hash length-or-""  |  "d" key
 *
 * Answers {"ok", result, …}: of each commit "checkpoint:v1,v2,,v4", or "!n" where expectation n failed.
 */
export const COMMIT = `${LIBRARY}
local head, why = guard()
if not head then return why end
local now, before, writer, number = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local writers, ids, id_times = base .. 'writers', base .. 'commits', base .. 'commit-times'
local REMEMBERED = 3600000

local earlier = call('HGET', writers, writer)
if earlier then
  local answered, _, results = string.match(earlier, '^(%d+) (%d+) (.*)$')
  if answered == number then
    local answer = { 'ok' }
    for result in string.gmatch(results, '%S+') do answer[#answer + 1] = result end
    return answer
  end
  if tonumber(answered) > tonumber(number) then return { 'stale' } end
end

note_server(head)
local at = 9
local function take()
  local value = ARGV[at]
  at = at + 1
  return value
end

local function recall(id)
  local kept = call('HGET', ids, id)
  if not kept then return nil end
  local time, result = string.match(kept, '^(%d+) (.*)$')
  if tonumber(time) > now - REMEMBERED then return result end
end

local function remember(id, result)
  local old = call('ZRANGE', id_times, '-inf', now - REMEMBERED, 'BYSCORE', 'LIMIT', 0, 4)
  for i = 1, #old do
    call('HDEL', ids, old[i])
    call('ZREM', id_times, old[i])
  end
  call('HSET', ids, id, text(now) .. ' ' .. result)
  call('ZADD', id_times, text(now), id)
end

local function failed_expectation(count)
  local failed
  for i = 1, count do
    local key, version = take(), take()
    local f = call('HMGET', head.prefix .. 'r:' .. key, 'version', 'expires')
    local found = f[1] and not is_expired(f[2], now) and f[1] or ''
    if found ~= version and not failed then failed = i end
  end
  return failed
end

local function put(key)
  local new = { value = take(), tags = nonempty(take()), expires = nonempty(take()), hash = take(),
    length = nonempty(take()), updated = text(now) }
  local old = take_out(head, key)
  new.created = old and not is_expired(old.expires, now) and old.created or new.updated
  local version = next_version(head)
  put_in(head, key, old, new, version)
  return text(version)
end

local function delete(key)
  local f = call('HMGET', head.prefix .. 'r:' .. key, 'version', 'expires')
  if not f[1] or is_expired(f[2], now) then return '' end
  local version = next_version(head)
  bury(head, key, version, text(now))
  return text(version)
end

local function skip(mutations)
  for _ = 1, mutations do
    if take() == 'd' then at = at + 1 else at = at + 6 end
  end
end

local function commit()
  local id = take()
  local known = id ~= '' and recall(id)
  local failed = failed_expectation(tonumber(take()))
  local mutations = tonumber(take())
  if known or failed then
    skip(mutations)
    return known or '!' .. failed
  end
  local versions = {}
  for i = 1, mutations do
    local kind, key = take(), take()
    if kind == 'p' then versions[i] = put(key) else versions[i] = delete(key) end
  end
  local point = ARGV[7] .. head.server .. '.' .. text(head.version) .. ARGV[8]
  local result = head.id .. '-' .. point .. ':' .. table.concat(versions, ',')
  if id ~= '' then remember(id, result) end
  head.written = true
  return result
end

-- A writer not heard of for an hour is gone.
local function forget_writers()
  if call('HLEN', writers) < 64 then return end
  local some = call('HRANDFIELD', writers, 8, 'WITHVALUES')
  for i = 1, #some, 2 do
    local time = tonumber(string.match(some[i + 1], '^%d+ (%d+)'))
    if time < now - REMEMBERED then call('HDEL', writers, some[i]) end
  end
end

local commits = tonumber(take())
local chores = 8 + math.floor(#ARGV / 4)
sweep_expired(head, now, math.min(chores, 256))
trim_graves(head, before, math.min(chores, 256))
local answer, results = { 'ok' }, {}
for i = 1, commits do
  local result = commit()
  answer[i + 1], results[i] = result, result
end
write_head(head)
call('HSET', writers, writer, number .. ' ' .. text(now) .. ' ' .. table.concat(results, ' '))
forget_writers()
return answer
`;
