#!lua
-- advanceGate: raises a tenant's gate. From here on no event of a sealed period is accepted for it. The version never falls.
-- A void gate keeps the version too, so that a rebuild that read an older one cannot install it.
--
-- KEYS  1 shard hash   2 gate hash
-- ARGV  1 epoch   2 version   3 sealed-through, epoch microseconds
-- Returns { 'advanced' | 'current', epoch, sequence }: every event accepted under an older version has a position at or below
--         it. Or { 'epoch' }: the shard is in another epoch; nothing was changed.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'sequence')
if shard[1] ~= ARGV[1] or shard[2] ~= 'open' then return { 'epoch' } end
local outcome = 'current'
if tonumber(ARGV[2]) > tonumber(redis.call('HGET', KEYS[2], 'version') or '0') then
  redis.call('HSET', KEYS[2], 'version', ARGV[2], 'sealed', ARGV[3])
  outcome = 'advanced'
end
return { outcome, shard[1], shard[3] or '0' }
