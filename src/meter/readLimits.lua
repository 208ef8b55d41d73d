#!lua flags=no-writes
-- readLimits: reads bounded counters of tenants of one shard as recordUsage would see them now. Writes nothing.
--
-- KEYS  1 shard hash, then per question: the tenant's gate hash, the hashes of its counters
-- ARGV  1 epoch, then per question: number of its hashes, number of the arguments behind this one, which are: catalogue version, gate
--       version, by which dimensions the counters must be kept, then per hash: length of its window in milliseconds (0: a usage
--       hash), number of fields, the fields (at least one)
-- Returns { 'epoch' }, or { milliseconds by the clock of Redis, a list per question ... }:
--         { 'read', text per field }: '0' for a counter that is not there,
--      or { 'stale:catalogue' }, { 'stale:gate', version }, { 'void:gate' }, { 'stale:counters' }: the question rests on what holds no more,
--      or { 'void:counters' }: a usage hash that this epoch has made is gone (see recordUsage); the gate must be made void.

local epoch = ARGV[1]
local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'catalogue')
if shard[1] ~= epoch or shard[2] ~= 'open' then return { 'epoch' } end
local catalogue = tonumber(shard[3] or '0')
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)

-- The question whose gate is the key at `place`, and whose versions begin at `position`.
local function answer(place, hashes, position)
  if catalogue > tonumber(ARGV[position]) then return { 'stale:catalogue' } end
  local gate = redis.call('HMGET', KEYS[place], 'version', 'state', 'epoch', 'countedBy')
  if gate[3] ~= epoch or gate[2] ~= 'open' then return { 'void:gate' } end
  if gate[1] ~= ARGV[position + 1] then return { 'stale:gate', gate[1] } end
  if (gate[4] or '') ~= ARGV[position + 2] then return { 'stale:counters' } end
  local reply, at = { 'read' }, position + 3
  for hash = place + 1, place + hashes do
    local windowMs, fields = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    -- Void, and so empty, is a usage hash of another epoch, and a window hash of another window.
    local mark, valid = '#epoch', epoch
    if windowMs > 0 then mark, valid = '#start', string.format('%.0f', nowMs - nowMs % windowMs) end
    local held = redis.call('HMGET', KEYS[hash], mark, unpack(ARGV, at + 2, at + 1 + fields))
    local isMade = windowMs == 0 and held[1] ~= valid
      and redis.call('HGET', KEYS[place], 'use:' .. string.sub(KEYS[hash], #KEYS[place] + 1)) == epoch
    if isMade then return { 'void:counters' } end
    for index = 2, fields + 1 do
      reply[#reply + 1] = held[1] == valid and held[index] or '0'
    end
    at = at + 2 + fields
  end
  return reply
end

local replies, place, position = { string.format('%.0f', nowMs) }, 2, 2
while place <= #KEYS do
  local hashes, count = tonumber(ARGV[position]), tonumber(ARGV[position + 1])
  replies[#replies + 1] = answer(place, hashes, position + 2)
  place, position = place + 1 + hashes, position + 2 + count
end
return replies
