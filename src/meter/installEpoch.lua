#!lua
-- installEpoch: opens a shard in an epoch that PostgreSQL has given out. Sequences go on from the ledger's position. Gates and
-- counters of older epochs are void from here on.
--
-- KEYS  1 shard hash
-- ARGV  1 epoch   2 sequence of the ledger's position
-- Returns '1', or '0' when the shard is in a later epoch already.

local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) > tonumber(ARGV[1]) then return '0' end
if epoch ~= ARGV[1] then
  -- Trimming starts over here: what the ledger refused before concerns counters that are void now.
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'sequence', ARGV[2], 'trimmedEpoch', ARGV[1], 'trimmedSequence', ARGV[2])
  redis.call('HDEL', KEYS[1], 'pin')
end
redis.call('HSET', KEYS[1], 'state', 'open')
return '1'
