// The head of a partition and what it counts: generation, versions, digest, totals, and the reigns that its checkpoints name.

export const HEAD_LIBRARY = `
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
`;
