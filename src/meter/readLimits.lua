#!lua
-- readLimits: reads a tenant's limited counters as recordUsage would see them now. Writes nothing.
--
-- KEYS  1 shard hash   2 gate hash   3 usage hash of the accounting period
-- ARGV  1 epoch   2 catalogue version   3 gate version   then at least one field of the usage hash
-- Returns { 'read', text per field }: '0' for a counter that is not there.
--      or { 'epoch' }, { 'stale:catalogue' }, { 'stale:gate', version }, { 'void:gate' }: the question rests on what holds no more.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'catalogue')
if shard[1] ~= ARGV[1] or shard[2] ~= 'open' then return { 'epoch' } end
if tonumber(shard[3] or '0') > tonumber(ARGV[2]) then return { 'stale:catalogue' } end
local gate = redis.call('HMGET', KEYS[2], 'version', 'state', 'epoch')
if gate[3] ~= ARGV[1] or gate[2] ~= 'open' then return { 'void:gate' } end
if gate[1] ~= ARGV[3] then return { 'stale:gate', gate[1] } end

-- A usage hash of another epoch is void: it reads as empty.
local held = redis.call('HMGET', KEYS[3], '#epoch', unpack(ARGV, 4))
local reply = { 'read' }
for index = 2, #held do
  reply[index] = held[1] == ARGV[1] and held[index] or '0'
end
return reply
