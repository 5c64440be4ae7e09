// The writing of one record or tombstone with all its indexes. REQUIRES: head.ts before it.

export const RECORD_LIBRARY = `
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
`;
