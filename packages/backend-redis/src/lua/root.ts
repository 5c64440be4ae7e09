// The root of a namespace: how many partitions it has, which generation is the current one, and what became of loads.
// It may stand on another server than the partitions do.
//
//   KEYS[1]   the root

/** ARGV[1] partitions; ARGV[2] generation. Answers {partitions, generation}, as they are now. */
export const MAKE_ROOT = `#!lua
if redis.call('HSETNX', KEYS[1], 'generation', ARGV[2]) == 1 then
  redis.call('HSET', KEYS[1], 'format', 1, 'partitions', ARGV[1])
end
return redis.call('HMGET', KEYS[1], 'partitions', 'generation', 'format')
`;

/** ARGV[1] load; ARGV[2] "commit" or "abort"; ARGV[3] mode, "" with abort. Answers what was decided, first come first. */
export const DECIDE = `#!lua
local field = 'load:' .. ARGV[1]
local decided = redis.call('HGET', KEYS[1], field)
if decided ~= 'open' then return decided or 'abort' end
redis.call('HSET', KEYS[1], field, ARGV[2])
if ARGV[2] == 'commit' and ARGV[3] == 'replace' then redis.call('HSET', KEYS[1], 'generation', ARGV[1]) end
return ARGV[2]
`;
