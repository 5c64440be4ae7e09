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

-- Numbers above 10^14 lose their last digits in tostring.
local function text(number) return string.format('%.0f', number) end
local function nonempty(value) if value ~= '' then return value end return false end

-- The state digest as eight words of 32 bits.
local EMPTY_DIGEST = string.rep('0', 64)

local function words_of(hex)
  local words = {}
  for i = 1, 8 do words[i] = tonumber(string.sub(hex, 8 * i - 7, 8 * i), 16) end
  return words
end

local function hex_of(words)
  local parts = {}
  for i = 1, 8 do parts[i] = bit.tohex(words[i]) end
  return table.concat(parts)
end

local function toggle(space, hash)
  local d = space.digest
  local a, b, c, e, f, g, h, i = struct.unpack('>I4I4I4I4I4I4I4I4', hash)
  d[1], d[2], d[3], d[4] = bit.bxor(d[1], a), bit.bxor(d[2], b), bit.bxor(d[3], c), bit.bxor(d[4], e)
  d[5], d[6], d[7], d[8] = bit.bxor(d[5], f), bit.bxor(d[6], g), bit.bxor(d[7], h), bit.bxor(d[8], i)
end

-- A space is the content of one generation, or of a load on its way in. Totals gather here until they are written.
local function open_space(id, version, count, bytes, digest)
  return {
    prefix = base .. id .. ':', id = id, version = tonumber(version), count = tonumber(count),
    bytes = tonumber(bytes), digest = words_of(digest), tag_counts = {},
  }
end

local function read_head()
  local f = call('HMGET', head_key, 'generation', 'version', 'count', 'bytes', 'digest', 'counter', 'trimmed',
    'frozen', 'merging', 'server', 'history', 'written', 'loads', 'replication')
  if not f[1] then return nil end
  local head = open_space(f[1], f[2], f[3], f[4], f[5])
  head.counter, head.trimmed = tonumber(f[6]), tonumber(f[7])
  head.frozen, head.merging, head.server, head.history, head.written = f[8], f[9], f[10], f[11], f[12]
  head.loads, head.replication = tonumber(f[13]), f[14]
  return head
end

-- The head, or why there is nothing to be done here as yet.
local function guard()
  local head = read_head()
  if not head then return nil, { 'absent' } end
  if head.frozen then return nil, { 'frozen', head.frozen } end
  if head.merging then return nil, { 'merging', head.merging } end
  if head.id ~= generation then return nil, { 'moved', head.id } end
  return head
end

-- What a checkpoint needs: a server that took over without the newest commits of its predecessor counts the same versions
-- anew, so a version means something only together with the reign it was counted in. A reign begins when a server that
-- was started, or made a master, first writes here; both give it another replication id. Its name is never used twice.
local HISTORY = 64

local function note_server(head)
  local replication = string.sub(string.match(call('INFO', 'replication'), 'master_replid:(%x+)'), 1, 12)
  if head.replication == replication then return end
  local past = {}
  for one in string.gmatch(head.history .. head.server .. ':' .. text(head.version), '[^,]+') do
    past[#past + 1] = one
  end
  head.replication = replication
  head.server = string.sub(redis.sha1hex(replication .. table.concat(call('TIME'), '.')), 1, 12)
  head.history = table.concat(past, ',', math.max(1, #past - HISTORY + 1)) .. ','
end

-- Why "server:version" is no point of this feed; nil when it is one. Of an earlier reign only what its successor found
-- counts.
local function out_of_reach(head, point)
  local server, version = string.match(point, '^(%x+):(%d+)$')
  local reach = server == head.server and head.version
  for run, last in string.gmatch(head.history, '(%x+):(%d+)') do
    if run == server and not reach then reach = tonumber(last) end
  end
  if not reach then return 'a server made it that is not known here' end
  if tonumber(version) > reach then return 'it lies ahead of this namespace' end
end

local function write_totals(key, space)
  call('HSET', key, 'version', text(space.version), 'count', text(space.count), 'bytes', text(space.bytes),
    'digest', hex_of(space.digest))
end

local function write_tag_counts(space)
  for tag, change in pairs(space.tag_counts) do
    if change ~= 0 and call('HINCRBY', space.prefix .. 'tags', tag, change) <= 0 then
      call('HDEL', space.prefix .. 'tags', tag)
    end
  end
  space.tag_counts = {}
end

local function write_head(head)
  write_tag_counts(head)
  write_totals(head_key, head)
  call('HSET', head_key, 'counter', text(head.counter), 'trimmed', text(head.trimmed), 'server', head.server,
    'history', head.history, 'loads', text(head.loads), 'replication', head.replication or '')
  if head.written then call('HSET', head_key, 'written', '1') end
end

-- What readers are told of a head, in the order of head-fields.ts.
local function facts_of(head)
  return { head.id, text(head.version), text(head.count), text(head.bytes), hex_of(head.digest), head.server,
    head.written or '', text(head.loads) }
end

-- What is read at the same view is of one instant.
local function view_of(head) return head.id .. '.' .. head.server .. '.' .. text(head.version) end

local function next_version(head)
  head.counter = head.counter + 1
  return head.counter
end

-- Tags come as JSON; records that are written together mostly share theirs.
local decoded = {}
local NO_TAGS = {}
local function tags_of(json)
  if not json then return NO_TAGS end
  local tags = decoded[json]
  if not tags then
    tags = cjson.decode(json)
    decoded[json] = tags
  end
  return tags
end

local function move_tags(space, key, old, new)
  if old == new then return end
  local counts, stays = space.tag_counts, {}
  local after = tags_of(new)
  for i = 1, #after do stays[after[i]] = true end
  local before = tags_of(old)
  for i = 1, #before do
    local tag = before[i]
    if stays[tag] then
      stays[tag] = nil
    else
      call('ZREM', space.prefix .. 't:' .. tag, key)
      counts[tag] = (counts[tag] or 0) - 1
    end
  end
  for i = 1, #after do
    local tag = after[i]
    if stays[tag] then
      call('ZADD', space.prefix .. 't:' .. tag, 0, key)
      counts[tag] = (counts[tag] or 0) + 1
    end
  end
end

local function move_expiry(space, key, old, new)
  if old == new then return end
  if new then call('ZADD', space.prefix .. 'expiry', new, key) else call('ZREM', space.prefix .. 'expiry', key) end
end

local function forget_tombstone(space, key)
  if space.no_tombstones then return end
  if space.no_tombstones == nil then
    space.no_tombstones = call('EXISTS', space.prefix .. 'deleted') == 0
    if space.no_tombstones then return end
  end
  if call('HDEL', space.prefix .. 'deleted', key) == 1 then call('ZREM', space.prefix .. 'graves', key) end
end

-- Takes a record out of the totals; put_in or bury settles its indexes.
local function take_out(space, key)
  local record = space.prefix .. 'r:' .. key
  if call('EXISTS', record) == 0 then return nil end -- of what is loaded most is new, and this costs a fifth of HMGET
  local f = call('HMGET', record, 'version', 'created', 'expires', 'tags', 'hash', 'length')
  toggle(space, f[5])
  space.count = space.count - 1
  space.bytes = space.bytes - (tonumber(f[6]) or call('HSTRLEN', record, 'value'))
  return { created = f[2], expires = f[3], tags = f[4], length = f[6] }
end

-- new: value, hash, tags, expires, length (each of the last three false where there is none), created, updated.
local function put_in(space, key, old, new, version)
  local record = space.prefix .. 'r:' .. key
  local fields = { 'HSET', record, 'value', new.value, 'created', new.created, 'updated', new.updated,
    'version', text(version), 'hash', new.hash }
  local n = #fields
  if new.tags then fields[n + 1], fields[n + 2], n = 'tags', new.tags, n + 2 end
  if new.expires then fields[n + 1], fields[n + 2], n = 'expires', new.expires, n + 2 end
  if new.length then fields[n + 1], fields[n + 2], n = 'length', new.length, n + 2 end
  if old then
    if (old.tags and not new.tags) or (old.expires and not new.expires) or (old.length and not new.length) then
      call('HDEL', record, 'tags', 'expires', 'length')
    end
  else
    forget_tombstone(space, key)
    call('ZADD', space.prefix .. 'keys', 0, key)
  end
  call(unpack(fields))
  call('ZADD', space.prefix .. 'feed', text(version), key)
  move_tags(space, key, old and old.tags, new.tags)
  move_expiry(space, key, old and old.expires, new.expires)
  toggle(space, new.hash)
  space.count = space.count + 1
  space.bytes = space.bytes + (tonumber(new.length) or #new.value)
  space.version = math.max(space.version, version)
end

-- Leaves a tombstone also where there was no record.
local function bury(space, key, version, deleted_at)
  local old = take_out(space, key)
  if old then
    call('UNLINK', space.prefix .. 'r:' .. key)
    call('ZREM', space.prefix .. 'keys', key)
    call('ZREM', space.prefix .. 'feed', key)
    move_tags(space, key, old.tags, false)
    move_expiry(space, key, old.expires, false)
  end
  space.no_tombstones = false
  call('ZADD', space.prefix .. 'graves', text(version), key)
  call('HSET', space.prefix .. 'deleted', key, deleted_at)
  space.version = math.max(space.version, version)
end

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
