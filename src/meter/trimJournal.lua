#!lua
-- trimJournal: removes what the ledger has committed from the journal, and takes back what the counters took for events that
-- the ledger refused as duplicates. Repeating it changes nothing: what lies at or below the trimmed-through position is done.
--
-- KEYS  1 shard hash   2 journal stream   then a gate hash and a usage hash per change
-- ARGV  1 epoch and 2 sequence the ledger has committed
--       3 JSON: per change [epoch, sequence, field, scaled value as text, additive 0|1]
-- Returns the number of entries removed.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'trimmedEpoch', 'trimmedSequence', 'pin')
local trimmedEpoch, trimmed = tonumber(shard[2] or '0'), tonumber(shard[3] or '0')
local committedEpoch, committed = tonumber(ARGV[1]), tonumber(ARGV[2])
if committedEpoch < trimmedEpoch or (committedEpoch == trimmedEpoch and committed < trimmed) then return 0 end

for index, change in ipairs(cjson.decode(ARGV[3])) do
  local gateKey, usageKey = KEYS[1 + index * 2], KEYS[2 + index * 2]
  local isNew = change[1] > trimmedEpoch or (change[1] == trimmedEpoch and change[2] > trimmed)
  -- A rebuild counted from the ledger after this position: the refused event was never in these counters.
  local countedFrom = tonumber(redis.call('HGET', gateKey, 'countedFrom') or '0')
  local isCounted = tostring(change[1]) == redis.call('HGET', usageKey, '#epoch') and change[2] > countedFrom
  if isNew and isCounted then
    if change[5] == 1 and change[4] ~= '0' then redis.call('HINCRBY', usageKey, change[3], '-' .. change[4]) end
    redis.call('HINCRBY', usageKey, change[3] .. '#n', -1)
  end
end
redis.call('HSET', KEYS[1], 'trimmedEpoch', ARGV[1], 'trimmedSequence', ARGV[2])

-- The pin of an audit holds back everything from its position on.
local pinEpoch, pin = string.match(shard[4] or '', '^(%d+)-(%d+)$')
if pin and (tonumber(pinEpoch) < committedEpoch or (tonumber(pinEpoch) == committedEpoch and tonumber(pin) <= committed)) then
  return redis.call('XTRIM', KEYS[2], 'MINID', pinEpoch .. '-' .. pin)
end
return redis.call('XTRIM', KEYS[2], 'MINID', ARGV[1] .. '-' .. string.format('%.0f', committed + 1))
