// What makes a partition, what time does to it, and what is left of old contents.
import { LIBRARY } from "./library.js";

/**
 * ARGV[2] is the generation it gets. Answers {"ok"} where it is there now, {"dropped"} when it was dropped since, and
 * {"moved", generation} where the content of another stands.
 */
export const MAKE = `${LIBRARY}
local there = call('HGET', head_key, 'generation')
if there == generation then return { 'ok' } end
if there then return { 'moved', there } end
if call('EXISTS', base .. 'dropped:' .. generation) == 1 then return { 'dropped' } end
local head = open_space(generation, 0, 0, 0, EMPTY_DIGEST)
head.counter, head.trimmed, head.loads, head.server, head.history = 0, 0, 0, '', ''
call('HSET', head_key, 'generation', generation)
note_server(head)
head.history = ''
write_head(head)
return { 'ok' }
`;

/**
 * ARGV[3] now, ms; ARGV[4] tombstones of before this are forgotten, ms; ARGV[5] up to so many of each; ARGV[6] loads not
 * fed since this are abandoned, ms. Answers {"ok", how many were swept, is there garbage "1" or "", load that was abandoned, …}.
 * Idle, it writes nothing.
 */
export const SWEEP = `${LIBRARY}
local head, why = guard()
if not head then return why end
local limit = tonumber(ARGV[5])
local abandoned = call('ZRANGE', base .. 'loads', '-inf', '(' .. ARGV[6], 'BYSCORE', 'LIMIT', 0, limit)
for i = 1, #abandoned do
  call('ZREM', base .. 'loads', abandoned[i])
  call('SADD', base .. 'garbage', abandoned[i])
end
local due = call('ZCOUNT', head.prefix .. 'expiry', '-inf', ARGV[3])
local oldest = call('ZRANGE', head.prefix .. 'graves', 0, 0)[1]
local is_old = oldest and tonumber(call('HGET', head.prefix .. 'deleted', oldest)) < tonumber(ARGV[4])
local swept = 0
if due > 0 or is_old then
  note_server(head)
  swept = sweep_expired(head, ARGV[3], limit)
  trim_graves(head, tonumber(ARGV[4]), limit)
  write_head(head)
end
return { 'ok', swept, call('SCARD', base .. 'garbage') > 0 and '1' or '', unpack(abandoned) }
`;

/** ARGV[3] "server:version"; ARGV[4] at most so many. Answers {"ok", "1" when there are more}, {"expired", reason}. */
export const TRIM = `${LIBRARY}
local head, why = guard()
if not head then return why end
local version, limit = tonumber(string.match(ARGV[3], ':(%d+)')), tonumber(ARGV[4])
if version < head.trimmed then return { 'ok', '' } end
local reason = out_of_reach(head, ARGV[3])
if reason then return { 'expired', reason } end
call('HSET', head_key, 'trimmed', text(version))
local keys = call('ZRANGE', head.prefix .. 'graves', '-inf', text(version), 'BYSCORE', 'LIMIT', 0, limit)
for i = 1, #keys do
  call('ZREM', head.prefix .. 'graves', keys[i])
  call('HDEL', head.prefix .. 'deleted', keys[i])
end
return { 'ok', #keys == limit and '1' or '' }
`;

/** Deletes a bounded part of what is garbage; ARGV[3] so many records. Answers {"ok", "1" while there is more}. */
export const COLLECT = `${LIBRARY}
local garbage = base .. 'garbage'
local id = call('SRANDMEMBER', garbage)
if not id then return { 'ok', '' } end
local space = base .. id .. ':'
local limit = tonumber(ARGV[3])
local keys = call('ZRANGE', space .. 'keys', 0, limit - 1)
for i = 1, #keys do call('UNLINK', space .. 'r:' .. keys[i]) end
if #keys > 0 then call('ZREMRANGEBYRANK', space .. 'keys', 0, #keys - 1) end
if #keys == limit then return { 'ok', '1' } end
local tags = call('HRANDFIELD', space .. 'tags', limit) -- HSCAN would have to go on behind the gaps that we make
for i = 1, #tags do call('UNLINK', space .. 't:' .. tags[i]) end
if #tags > 0 then call('HDEL', space .. 'tags', unpack(tags)) end
if call('EXISTS', space .. 'tags') == 1 then return { 'ok', '1' } end
call('UNLINK', space .. 'feed', space .. 'graves', space .. 'deleted', space .. 'expiry', space .. 'load', space .. 'chunks', space .. 'missed')
call('SREM', garbage, id)
return { 'ok', call('SCARD', garbage) > 0 and '1' or '' }
`;

/**
 * Forgets a partition; what it held becomes garbage. ARGV[2] generation: done once for each, so that one who is late
 * does not take away what was made since. A mark of it stays for an hour. Answers {"ok"}.
 */
export const DROP = `${LIBRARY}
local mark = base .. 'dropped:' .. generation
if call('EXISTS', mark) == 1 then return { 'ok' } end
local garbage = base .. 'garbage'
call('SADD', garbage, generation)
local head = read_head()
if head then
  call('SADD', garbage, head.id)
  if head.merging then call('SADD', garbage, head.merging) end
  if head.frozen then call('SADD', garbage, head.frozen) end
end
local loads = call('ZRANGE', base .. 'loads', 0, -1)
for i = 1, #loads do call('SADD', garbage, loads[i]) end
call('UNLINK', head_key, base .. 'loads', base .. 'commits', base .. 'commit-times', base .. 'writers')
call('SET', mark, 1, 'EX', 3600)
return { 'ok' }
`;
