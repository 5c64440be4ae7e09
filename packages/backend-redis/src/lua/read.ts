// Reading: pages of the feed, listings of keys, tag queries. Each script looks at a bounded number of keys and tells how
// far it got.
import { LIBRARY, WHOLE_SLOT } from "./library.js";

/** Answers {"ok", facts}. */
export const HEAD = `${LIBRARY}
local head, why = guard()
if not head then return why end
return { 'ok', facts_of(head) }
`;

/**
 * Versions that so many records lie between, the oldest first: of those that stand behind a version.
 *
 *   ARGV[3]  version     ARGV[4]  how many records apart     ARGV[5]  at most so many versions
 *
 * Answers {"ok", facts, version, …}.
 */
export const MARKS = `${LIBRARY}
local head, why = guard()
if not head then return why end
local feed, step, answer = head.prefix .. 'feed', tonumber(ARGV[4]), { 'ok', facts_of(head) }
local rank = call('ZCOUNT', feed, '-inf', ARGV[3]) - 1
for i = 1, tonumber(ARGV[5]) do
  rank = rank + step
  local version = call('ZRANGE', feed, rank, rank, 'WITHSCORES')[2]
  if not version then break end
  answer[i + 2] = version
end
return answer
`;

/**
 * One page of a run, from the same instant as the head it comes with.
 *
 *   ARGV[3]  records after this version       ARGV[4]  tombstones after this one, "" for those from now on, "-" for none
 *   ARGV[5]  at most so many changes          ARGV[6]  closed once it holds so many bytes
 *   ARGV[7]  what the run rests on, "server:version" with commas between, "" where it begins at the beginning
 *   ARGV[8]  records up to this version, "+inf" for all
 *
 * Answers {"ok", facts, records after, tombstones after, is the end "1" or "", change, …}; {"expired", reason}.
 *   change := as record.ts of core encodes records and tombstones
 */
export const PAGE = `${LIBRARY}
local head, why = guard()
if not head then return why end

-- Tags as they stand in an encoded record; many records share theirs.
local encoded_tags = {}
local function encode_tags(json)
  local tags, parts = tags_of(json), {}
  for i = 1, #tags do parts[i] = struct.pack('>I2', #tags[i]) .. tags[i] end
  local encoded = struct.pack('>I2', #tags) .. table.concat(parts)
  encoded_tags[json] = encoded
  return encoded
end

-- The most of what a backup costs here; struct.pack reads numbers from their texts by itself.
local pack, records = struct.pack, head.prefix .. 'r:'
local function encode_record(key, version)
  local f = call('HMGET', records .. key, 'value', 'tags', 'created', 'updated', 'expires', 'length')
  local json, length = f[2], f[6]
  local tags = encoded_tags[json] or encode_tags(json)
  if not length then
    return pack('>BI8I8I8I8I2', 1, version, f[3], f[4], f[5] or 0, #key) .. key .. tags .. f[1]
  end
  local hash = call('HGET', records .. key, 'hash')
  return pack('>BI8I8I8I8I2', 2, version, f[3], f[4], f[5] or 0, #key) .. key .. tags .. pack('>I8', length) .. hash .. f[1]
end

local function encode_tombstone(key, version)
  return pack('>BI8I8I2', 0, version, call('HGET', head.prefix .. 'deleted', key), #key) .. key
end

local after, buried_after = tonumber(ARGV[3]), tonumber(ARGV[4]) or head.version
local limit, max_bytes = tonumber(ARGV[5]), tonumber(ARGV[6])

for point in string.gmatch(ARGV[7], '[^,]+') do
  local reason = out_of_reach(head, point)
  if reason then return { 'expired', reason } end
end
if ARGV[4] ~= '-' and buried_after < head.trimmed then return { 'expired', 'tombstones behind it have been trimmed' } end

local feed = call('ZRANGE', head.prefix .. 'feed', '(' .. text(after), ARGV[8], 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
local graves = ARGV[4] == '-' and {} or call('ZRANGE', head.prefix .. 'graves', '(' .. text(buried_after), '+inf', 'BYSCORE',
  'LIMIT', 0, limit, 'WITHSCORES')
local answer, n, bytes, i, j = { 'ok', false, false, false, false }, 5, 0, 1, 1
while n < limit + 5 and bytes < max_bytes and (feed[i] or graves[j]) do
  local change
  if not graves[j] or (feed[i] and tonumber(feed[i + 1]) < tonumber(graves[j + 1])) then
    after = feed[i + 1]
    change = encode_record(feed[i], after)
    i = i + 2
  else
    buried_after = graves[j + 1]
    change = encode_tombstone(graves[j], buried_after)
    j = j + 2
  end
  n, bytes = n + 1, bytes + #change
  answer[n] = change
end
after, buried_after = tonumber(after), tonumber(buried_after)
-- Both listings were asked for as many as a page holds: what is left of neither is the end.
local is_end = not feed[i] and not graves[j] and #feed < 2 * limit and #graves < 2 * limit
answer[2], answer[3], answer[4], answer[5] = facts_of(head), text(after), text(math.max(after, buried_after)), is_end and '1' or ''
return answer
`;

/**
 *   ARGV[3]  now, ms        ARGV[4]  from, as ZRANGE BYLEX takes it       ARGV[5]  to, likewise
 *   ARGV[6]  at most so many
 *
 * Answers {"ok", is the end "1" or "", last key looked at, view, key, …}.
 */
export const LIST = `${LIBRARY}
local head, why = guard()
if not head then return why end
local limit = tonumber(ARGV[6])
local expiry = head.prefix .. 'expiry'
local some_expired = call('ZCOUNT', expiry, '-inf', ARGV[3]) > 0
local now = tonumber(ARGV[3])
local keys = call('ZRANGE', head.prefix .. 'keys', ARGV[4], ARGV[5], 'BYLEX', 'LIMIT', 0, limit)
local answer = { 'ok', #keys < limit and '1' or '', keys[#keys] or '', view_of(head) }
for i = 1, #keys do
  if not (some_expired and is_expired(call('ZSCORE', expiry, keys[i]), now)) then answer[#answer + 1] = keys[i] end
end
return answer
`;

/**
 *   ARGV[3]  now, ms        ARGV[4]  keys behind this one, as ZRANGE BYLEX takes it
 *   ARGV[5]  at most so many matches      ARGV[6]  looks at so many keys
 *   ARGV[7…] number of tags that it has, tag…, number of those that it has not, tag…
 *
 * Walks the smallest of the tags, or all keys where none is given.
 * Answers {"ok", is the end "1" or "", last key looked at, view, key, …}.
 */
export const QUERY = `${LIBRARY}
local head, why = guard()
if not head then return why end
local now, behind, limit, steps = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local at = 7

local function read_tags()
  local count, listings = tonumber(ARGV[at]), {}
  for i = 1, count do listings[i] = head.prefix .. 't:' .. ARGV[at + i] end
  at = at + count + 1
  return listings
end

local all, none = read_tags(), read_tags()
local expiry = head.prefix .. 'expiry'
local some_expired = call('ZCOUNT', expiry, '-inf', ARGV[3]) > 0

local function has(listing, key) return call('ZSCORE', listing, key) end
local function has_all(listings, key, but)
  for i = 1, #listings do if i ~= but and not has(listings[i], key) then return false end end
  return true
end
local function has_any(listings, key)
  for i = 1, #listings do if has(listings[i], key) then return true end end
  return false
end

local smallest, smallest_size = nil, math.huge
for i = 1, #all do
  local size = call('ZCARD', all[i])
  if size < smallest_size then smallest, smallest_size = i, size end
end

local function matches(key)
  if some_expired and is_expired(call('ZSCORE', expiry, key), now) then return false end
  return has_all(all, key, smallest) and not has_any(none, key)
end

local keys = call('ZRANGE', smallest and all[smallest] or head.prefix .. 'keys', behind, '+', 'BYLEX', 'LIMIT', 0, steps)
local is_end = #keys < steps
local answer, last = { 'ok', '', '', view_of(head) }, ''
for i = 1, #keys do
  if #answer == limit + 4 then
    is_end = false
    break
  end
  last = keys[i]
  if matches(last) then answer[#answer + 1] = last end
end
answer[2], answer[3] = is_end and '1' or '', last
return answer
`;

/**
 * ARGV[3] now, ms; ARGV[4] tag. Answers {"ok", records that carry it}; {"due"} when too much has expired to count it.
 */
export const COUNT = `${LIBRARY}
local head, why = guard()
if not head then return why end
local MOST = 500
local expired = call('ZRANGE', head.prefix .. 'expiry', '-inf', ARGV[3], 'BYSCORE', 'LIMIT', 0, MOST + 1)
if #expired > MOST then return { 'due' } end
local listing = head.prefix .. 't:' .. ARGV[4]
local count = call('ZCARD', listing)
for i = 1, #expired do if call('ZSCORE', listing, expired[i]) then count = count - 1 end end
return { 'ok', count }
`;

/** ARGV[3] now, ms. Answers {"ok", tag, count, …}, what has expired left out; {"due"} when there is too much of it. */
export const TAGS = `${LIBRARY}
local head, why = guard()
if not head then return why end
local MOST = 500
local expired = call('ZRANGE', head.prefix .. 'expiry', '-inf', ARGV[3], 'BYSCORE', 'LIMIT', 0, MOST + 1)
if #expired > MOST then return { 'due' } end
local gone = {}
for i = 1, #expired do
  local tags = tags_of(call('HGET', head.prefix .. 'r:' .. expired[i], 'tags'))
  for j = 1, #tags do gone[tags[j]] = (gone[tags[j]] or 0) + 1 end
end
local counts, answer = call('HGETALL', head.prefix .. 'tags'), { 'ok' }
for i = 1, #counts, 2 do
  local count = tonumber(counts[i + 1]) - (gone[counts[i]] or 0)
  if count > 0 then
    answer[#answer + 1] = counts[i]
    answer[#answer + 1] = text(count)
  end
end
return answer
`;

/**
 * ARGV[3] stops once it holds so many bytes of values; ARGV[4…] keys. Answers {"ok", view, fields or "" where there is none, …} of
 * the first of them, one at least; fields as HMGET gives them. What is read at the same view is of one instant. It looks at no
 * more of the head than it must: this is what applications do most.
 */
export const GET = `#!lua${WHOLE_SLOT}
local head = redis.call('HMGET', KEYS[1], 'generation', 'frozen', 'merging', 'version', 'server')
if not head[1] then return { 'absent' } end
if head[2] then return { 'frozen', head[2] } end
if head[3] then return { 'merging', head[3] } end
if head[1] ~= ARGV[2] then return { 'moved', head[1] } end
local prefix = ARGV[1] .. ARGV[2] .. ':r:'
local answer, left = { 'ok', head[1] .. '.' .. head[5] .. '.' .. head[4] }, tonumber(ARGV[3])
for i = 4, #ARGV do
  local f = redis.call('HMGET', prefix .. ARGV[i], 'version', 'value', 'tags', 'created', 'updated', 'expires', 'hash', 'length')
  if not f[1] then
    f = ''
  else
    left = left - #(f[2] or '')
    if not f[8] then -- the hash tells readers something of a sealed record only
      f = { f[1], f[2], f[3] or '', f[4], f[5], f[6] or nil }
    end
  end
  answer[i - 1] = f
  if left <= 0 then break end
end
return answer
`;
