// The root of a namespace: how many partitions it has, which generation is the current one, and what became of loads.
// It may stand on another server than the partitions do, so it is the witness of what they are: it is "making" until all
// of them are made, "dropping" until none is left, and "ready" in between. INVARIANT: while it is ready, every partition
// has a head, and of the current generation unless a load is about to be finished there.
//
//   KEYS[1]   the root

/** ARGV[1] partitions; ARGV[2] generation. Answers {partitions, generation, format, state}, as they are now. */
export const MAKE_ROOT = `#!lua
if redis.call('HSETNX', KEYS[1], 'generation', ARGV[2]) == 1 then
  redis.call('HSET', KEYS[1], 'format', 1, 'partitions', ARGV[1], 'state', 'making')
end
return redis.call('HMGET', KEYS[1], 'partitions', 'generation', 'format', 'state')
`;

/** ARGV[1] generation; ARGV[2] state from which, "" for any; ARGV[3] state to which, "" to delete it. */
export const MARK_ROOT = `#!lua
local f = redis.call('HMGET', KEYS[1], 'generation', 'state')
if f[1] ~= ARGV[1] or (ARGV[2] ~= '' and f[2] ~= ARGV[2]) then return 0 end
if ARGV[3] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'state', ARGV[3])
return 1
`;

/** ARGV[1] load, to be decided upon. */
export const OPEN_LOAD = `#!lua
return redis.call('HSET', KEYS[1], 'load:' .. ARGV[1], 'open')
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
