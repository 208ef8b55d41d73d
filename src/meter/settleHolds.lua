#!lua flags=allow-oom
-- settleHolds: gives back what a hold took of its counters: of one that is released, or of those that have run out.
--
-- KEYS  1 shard hash   2 open holds of the tenant
-- ARGV  1 beginning of the keys of its holds, to which their names are added; all are in the slot of KEYS[1]
--       2 name of the hold to release; '': those that have run out   3 milliseconds for which a settled hold is remembered
--       4 most holds of one call
-- Returns { number of holds given back, state before and after of the one to release; '' when it is not known }: as text

local call = redis.call
local time = call('TIME')
local nowMs = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local epoch = call('HGET', KEYS[1], 'epoch')

-- A counter whose hash was made anew since knows nothing of the hold.
local function giveBack(name, state)
  local key = ARGV[1] .. name
  local kept = call('HMGET', key, 'content', 'atMicros', 'expiresMs', 'places')
  local packed = kept[4]
  local places = packed and cmsgpack.unpack(packed) or {}
  for place = 1, #places, 4 do
    local counters, start, field, value = places[place], places[place + 1], places[place + 2], places[place + 3]
    local isCurrent = start == '' and call('HGET', counters, '#epoch') == epoch
      or start ~= '' and call('HGET', counters, '#start') == start
    local left = isCurrent and tonumber(call('HGET', counters, field) or '0') - value or 0
    if left > 0 then call('HSET', counters, field, string.format('%.0f', left))
    elseif isCurrent then call('HDEL', counters, field) end
  end
  call('ZREM', KEYS[2], name)
  if packed then
    -- Made anew without the places: a third of the memory, for as long as it is remembered.
    call('DEL', key)
    call('HSET', key, 'content', kept[1], 'state', state, 'atMicros', kept[2], 'expiresMs', kept[3])
    call('PEXPIRE', key, ARGV[3])
  end
end

if ARGV[2] == '' then
  local due = call('ZRANGEBYSCORE', KEYS[2], '-inf', nowMs, 'LIMIT', 0, ARGV[4])
  for _, name in ipairs(due) do giveBack(name, 'expired') end
  return { tostring(#due), '', '' }
end
local before = call('HGET', ARGV[1] .. ARGV[2], 'state')
if not before then return { '0', '', '' } end
if before ~= 'held' then return { '0', before, before } end
giveBack(ARGV[2], 'released')
return { '1', before, 'released' }
