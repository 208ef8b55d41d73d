#!lua flags=no-writes
-- readLimits: reads a tenant's bounded counters as recordUsage would see them now. Writes nothing.
--
-- KEYS  1 shard hash   2 gate hash   then the hashes of the counters
-- ARGV  1 epoch   2 catalogue version   3 gate version   4 by which dimensions the counters must be kept
--       then per hash: length of its window in milliseconds (0: a usage hash), number of fields, the fields (at least one)
-- Returns { 'read', milliseconds by the clock of Redis, text per field }: '0' for a counter that is not there.
--      or { 'epoch' }, { 'stale:catalogue' }, { 'stale:gate', version }, { 'void:gate' }, { 'stale:counters' }: the question rests on what holds no more,
--      or { 'void:counters' }: a usage hash that this epoch has made is gone (see recordUsage); the gate must be made void.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'catalogue')
if shard[1] ~= ARGV[1] or shard[2] ~= 'open' then return { 'epoch' } end
if tonumber(shard[3] or '0') > tonumber(ARGV[2]) then return { 'stale:catalogue' } end
local gate = redis.call('HMGET', KEYS[2], 'version', 'state', 'epoch', 'countedBy')
if gate[3] ~= ARGV[1] or gate[2] ~= 'open' then return { 'void:gate' } end
if gate[1] ~= ARGV[3] then return { 'stale:gate', gate[1] } end
if (gate[4] or '') ~= ARGV[4] then return { 'stale:counters' } end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local reply, position = { 'read', string.format('%.0f', nowMs) }, 5
for place = 3, #KEYS do
  local windowMs, fields = tonumber(ARGV[position]), tonumber(ARGV[position + 1])
  -- Void, and so empty, is a usage hash of another epoch, and a window hash of another window.
  local mark, valid = '#epoch', ARGV[1]
  if windowMs > 0 then mark, valid = '#start', string.format('%.0f', nowMs - nowMs % windowMs) end
  local held = redis.call('HMGET', KEYS[place], mark, unpack(ARGV, position + 2, position + 1 + fields))
  local isMade = windowMs == 0 and held[1] ~= valid
    and redis.call('HGET', KEYS[2], 'use:' .. string.sub(KEYS[place], #KEYS[2] + 1)) == ARGV[1]
  if isMade then return { 'void:counters' } end
  for index = 2, fields + 1 do
    reply[#reply + 1] = held[1] == valid and held[index] or '0'
  end
  position = position + 2 + fields
end
return reply
