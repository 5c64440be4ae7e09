// What happens to records at a time: the mutations and expectations of a commit, what is remembered of it, expiry.
// REQUIRES: records.ts before it.

export const MUTATION_LIBRARY = `
local function is_expired(expires, now) return expires and tonumber(expires) <= now end

-- What a commit does at "now". Deleting what is not there does nothing, and answers nothing.
local function commit_put(head, key, new, now)
  new.updated = text(now)
  local old = take_out(head, key)
  new.created = old and not is_expired(old.expires, now) and old.created or new.updated
  local version = next_version(head)
  put_in(head, key, old, new, version)
  return version
end

local function commit_delete(head, key, now)
  local f = call('HMGET', head.prefix .. 'r:' .. key, 'version', 'expires')
  if not f[1] or is_expired(f[2], now) then return nil end
  local version = next_version(head)
  bury(head, key, version, text(now))
  return version
end

-- The expectations of a commit: the number of the first that fails. "next_pair" answers a key and its version, or "".
local function failed_expectation(head, count, next_pair, now)
  local failed
  for i = 1, count do
    local key, version = next_pair()
    local f = call('HMGET', head.prefix .. 'r:' .. key, 'version', 'expires')
    local found = f[1] and not is_expired(f[2], now) and f[1] or ''
    if found ~= version and not failed then failed = i end
  end
  return failed
end

-- The results of commits that have an id: for an hour.
local REMEMBERED = 3600000
local ids, id_times = base .. 'commits', base .. 'commit-times'

local function recall(id, now)
  local kept = id ~= '' and call('HGET', ids, id)
  if not kept then return nil end
  local time, result = string.match(kept, '^(%d+) (.*)$')
  if tonumber(time) > now - REMEMBERED then return result end
end

local function remember(id, result, now)
  if id == '' then return end
  local old = call('ZRANGE', id_times, '-inf', now - REMEMBERED, 'BYSCORE', 'LIMIT', 0, 4)
  for i = 1, #old do
    call('HDEL', ids, old[i])
    call('ZREM', id_times, old[i])
  end
  call('HSET', ids, id, text(now) .. ' ' .. result)
  call('ZADD', id_times, text(now), id)
end

-- Expired records become tombstones, old tombstones are forgotten: up to a limit of each.
local function sweep_expired(head, now, limit)
  local keys = call('ZRANGE', head.prefix .. 'expiry', '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
  for i = 1, #keys do bury(head, keys[i], next_version(head), now) end
  return #keys
end

local function forget_grave(head, key, version)
  call('ZREM', head.prefix .. 'graves', key)
  call('HDEL', head.prefix .. 'deleted', key)
  head.trimmed = math.max(head.trimmed, version)
end

local function trim_graves(head, before, limit)
  local graves = call('ZRANGE', head.prefix .. 'graves', 0, limit - 1, 'WITHSCORES')
  for i = 1, #graves, 2 do
    if tonumber(call('HGET', head.prefix .. 'deleted', graves[i])) >= before then return end
    forget_grave(head, graves[i], tonumber(graves[i + 1]))
  end
end
`;
