#!lua
-- installTenant: puts a tenant's counters and gate in place as the ledger has them, if the rebuild still owns the gate.
--
-- KEYS  1 shard hash   2 gate hash   then one usage hash per accounting period
-- ARGV  1 epoch   2 token   3 gate version   4 sealed-through, epoch microseconds
--       5 by which dimensions the counters are kept   6 JSON: per usage hash a list of field, value, field, value ... (never empty)
-- Returns 'installed', or 'lost' when another token or epoch has taken over, or 'moved' when the gate was advanced past the
--         version that was read: read the ledger again.

local FIELDS_AT_ONCE = 4000 -- a call takes no more than about 8,000 arguments; even, because they come in pairs

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state')
local gate = redis.call('HMGET', KEYS[2], 'epoch', 'state', 'version')
if shard[1] ~= ARGV[1] or shard[2] ~= 'open' then return 'lost' end
if gate[1] ~= ARGV[1] or gate[2] ~= 'rebuilding:' .. ARGV[2] then return 'lost' end
if tonumber(gate[3] or '0') > tonumber(ARGV[3]) then return 'moved' end
-- Which usage hashes the gate says were made ('use:' and the period, as in recordUsage): those that the ledger has usage for. The
-- others go: what is in them the ledger has refused or set aside.
local usePrefix = string.gsub(KEYS[2], ':gate:', ':use:', 1) .. ':'
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, 1, 4) == 'use:' then
    redis.call('HDEL', KEYS[2], field)
    redis.call('DEL', usePrefix .. string.sub(field, 5))
  end
end
for index, fields in ipairs(cjson.decode(ARGV[6])) do
  local key = KEYS[2 + index]
  redis.call('DEL', key)
  redis.call('HSET', key, '#epoch', ARGV[1])
  redis.call('HSET', KEYS[2], 'use:' .. string.sub(key, #KEYS[2] + 1), ARGV[1])
  for first = 1, #fields, FIELDS_AT_ONCE do
    redis.call('HSET', key, unpack(fields, first, math.min(first + FIELDS_AT_ONCE - 1, #fields)))
  end
end
-- The ledger knows nothing of what is held: it is held again, in whatever usage hash it was.
local holdPrefix = string.gsub(KEYS[2], ':gate:', ':hold:', 1) .. ':'
local held = {}
for _, name in ipairs(redis.call('ZRANGE', (string.gsub(KEYS[2], ':gate:', ':holds:', 1)), 0, -1)) do
  local packed = redis.call('HGET', holdPrefix .. name, 'places')
  local places = packed and cmsgpack.unpack(packed) or {}
  for place = 1, #places, 4 do
    local key, field, value = places[place], places[place + 2], places[place + 3]
    -- A place with a start is in a short window, which no rebuild touches.
    if places[place + 1] == '' then
      held[key] = held[key] or {}
      held[key][field] = (held[key][field] or 0) + value
    end
  end
end
for key, fields in pairs(held) do
  if redis.call('HGET', key, '#epoch') ~= ARGV[1] then
    redis.call('DEL', key)
    redis.call('HSET', key, '#epoch', ARGV[1])
    redis.call('HSET', KEYS[2], 'use:' .. string.sub(key, #KEYS[2] + 1), ARGV[1])
  end
  for field, value in pairs(fields) do redis.call('HSET', key, field, string.format('%.0f', value)) end
end
redis.call('HSET', KEYS[2], 'version', ARGV[3], 'sealed', ARGV[4], 'state', 'open', 'dirty', '1', 'countedBy', ARGV[5])
redis.call('HDEL', KEYS[2], 'rebuildMs')
return 'installed'
