// What the user of the connection may do. A script that is stopped half-way by a missing right would leave half of what it
// was to write, so rights are asked about before. INVARIANT: all commands that scripts run or that are sent are named here.

/** Those that only read; they are asked about with a key. */
export const READS =
  "EXISTS HGET HGETALL HLEN HMGET HRANDFIELD HSTRLEN LRANGE SCARD SRANDMEMBER SSCAN ZCARD ZCOUNT ZRANGE ZSCORE";
export const WRITES =
  "DEL HDEL HINCRBY HSET HSETNX LPOP RPUSH SADD SET SREM UNLINK ZADD ZREM ZREMRANGEBYRANK";

/**
 * ARGV[1] a key, which stands for all arguments. Answers {the first command needed to read that is not allowed, or "", the
 * first to write, or ""}; "?" stands before one that the server does not know by that name.
 */
export const RIGHTS = `#!lua
local function why_not(name, ...)
  local is_known, is_allowed = pcall(redis.acl_check_cmd, name, ...)
  if not is_known then return '?' .. name end
  return not is_allowed and name
end
local function first_forbidden(commands)
  for name in string.gmatch(commands, '%S+') do
    local why = why_not(name, ARGV[1], ARGV[1], ARGV[1])
    if why then return why end
  end
  return false
end
local reads = why_not('INFO') or why_not('EVALSHA', string.rep('0', 40), '1', ARGV[1]) or first_forbidden('${READS}')
local writes = why_not('TIME') or first_forbidden('${WRITES}')
return { reads or '', writes or '' }
`;
