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
local writers = base .. 'writers'

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

local function take_pair() return take(), take() end

local function take_record()
  return { value = take(), tags = nonempty(take()), expires = nonempty(take()), hash = take(), length = nonempty(take()) }
end

local function skip(mutations)
  for _ = 1, mutations do
    if take() == 'd' then at = at + 1 else at = at + 6 end
  end
end

local function commit()
  local id = take()
  local known = recall(id, now)
  local failed = failed_expectation(head, tonumber(take()), take_pair, now)
  local mutations = tonumber(take())
  if known or failed then
    skip(mutations)
    return known or '!' .. failed
  end
  local versions = {}
  for i = 1, mutations do
    local kind, key = take(), take()
    local version
    if kind == 'p' then version = commit_put(head, key, take_record(), now) else version = commit_delete(head, key, now) end
    versions[i] = version and text(version) or ''
  end
  local point = ARGV[7] .. head.server .. '.' .. text(head.version) .. ARGV[8]
  local result = head.id .. '-' .. point .. ':' .. table.concat(versions, ',')
  remember(id, result, now)
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
