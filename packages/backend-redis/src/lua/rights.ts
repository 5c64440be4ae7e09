// What the user of the connection may do. A script that is stopped half-way by a missing right would leave half of what it
// was to write, so rights are asked about before.

/** All commands that scripts run, those that only read first; they are asked about with a key. */
const READS = `EXISTS GET HGET HGETALL HLEN HMGET HRANDFIELD HSCAN HSTRLEN SCARD SRANDMEMBER ZCARD ZCOUNT ZRANGE ZSCORE`;
const WRITES = `DEL HDEL HINCRBY HSET HSETNX SADD SET SREM UNLINK ZADD ZREM ZREMRANGEBYRANK`;

/** ARGV[1] a key, which stands for all arguments. Answers {the first command needed to read that is not allowed, or "", the first to write, or ""}. */
export const RIGHTS = `#!lua
local function first_forbidden(commands)
  for name in string.gmatch(commands, '%S+') do
    if not redis.acl_check_cmd(name, ARGV[1], ARGV[1], ARGV[1]) then return name end
  end
  return ''
end
local reads, writes = first_forbidden('${READS}'), first_forbidden('${WRITES}')
if not redis.acl_check_cmd('TIME') then writes = 'TIME' end
if not redis.acl_check_cmd('INFO') then reads = 'INFO' end
return { reads, writes }
`;
