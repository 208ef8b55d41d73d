#!lua
-- beginRebuild: closes a tenant's gate under a token, so that its counters can be installed from the ledger. Until then nothing
-- is accepted for the tenant. A newer token replaces one of the same owner, whose rebuild has failed, and one whose owner has
-- been silent for too long.
--
-- KEYS  1 shard hash   2 gate hash
-- ARGV  1 epoch   2 token, '<owner>/<unique>'   3 milliseconds after which another's token is given up   4 '1': also when the gate is valid
--       5 also when the counters are kept by other dimensions than these; '*': by any
-- Returns { 'begun', sequence }: the fence that the drain must reach. Or { 'valid' }: the gate needs no rebuild. { 'busy' }:
--         another process rebuilds it. { 'epoch' }: the shard is in another epoch.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'sequence')
if shard[1] ~= ARGV[1] or shard[2] ~= 'open' then return { 'epoch' } end
local gate = redis.call('HMGET', KEYS[2], 'epoch', 'state', 'rebuildMs', 'countedBy')
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
if gate[1] == ARGV[1] then
  local isCounted = ARGV[5] == '*' or ARGV[5] == (gate[4] or '')
  if gate[2] == 'open' and isCounted and ARGV[4] ~= '1' then return { 'valid' } end
  local owner = 'rebuilding:' .. string.match(ARGV[2], '^[^/]+/')
  local isOthers = gate[2] and gate[2] ~= 'open' and string.sub(gate[2], 1, #owner) ~= owner
  if isOthers and nowMs - tonumber(gate[3] or '0') < tonumber(ARGV[3]) then return { 'busy' } end
end
-- Whoever moved the gate of an older epoch had committed that before; the ledger is read after this and knows, unless it was
-- restored from a backup and has an older version by right.
if gate[1] ~= ARGV[1] then redis.call('HDEL', KEYS[2], 'version', 'sealed') end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'state', 'rebuilding:' .. ARGV[2], 'rebuildMs', string.format('%.0f', nowMs),
  'countedFrom', shard[3] or '0')
return { 'begun', shard[3] or '0' }
