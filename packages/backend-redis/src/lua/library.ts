// What every script begins with: the head of a partition, and the writing of one record or tombstone with all its
// indexes. Commits, sweeps and loads all come through here, so records, feed, tags, expiry, counts and digest can not
// disagree. Scripts check all they are given before the first write: Redis does not undo a script that fails half-way.
// While a slot moves to another server of a cluster, each of the two holds a part of the partition: nothing runs then.
//
//   KEYS[1]   the head of the partition
//   ARGV[1]   what all keys of the partition begin with
//   ARGV[2]   the generation that the caller takes for the current one
//
// A script answers {"ok", …}, or one word and what it is about: {"absent"}, {"frozen", load}, {"merging", load},
// {"moved", generation}; then it has written nothing.
import { HEAD_LIBRARY } from "./head.js";
import { MUTATION_LIBRARY } from "./mutations.js";
import { RECORD_LIBRARY } from "./records.js";

/**
 * In a slot on its way, two keys that are nowhere can not be asked about: on the server that it leaves they may have gone
 * ahead, on the other one they may be still to come.
 */
export const WHOLE_SLOT = `
if type(redis.pcall('EXISTS', ARGV[1] .. '-', ARGV[1] .. '=')) == 'table' then
  return redis.error_reply('MOVING the slot is on its way to another server')
end
`;

export const LIBRARY = `#!lua${WHOLE_SLOT}
local head_key, base, generation = KEYS[1], ARGV[1], ARGV[2]
local call = redis.call
${HEAD_LIBRARY}${RECORD_LIBRARY}${MUTATION_LIBRARY}`;
