#!lua flags=allow-oom
-- installEpoch: opens a shard in an epoch that PostgreSQL has given out, if the fence that was set for it still holds. Sequences
-- go on from the ledger's position. Gates and counters of older epochs are void from here on.
--
-- Without the fence, an epoch could be opened that the ledger has already left behind, or a Redis that was emptied since:
-- what is accepted then has places in the journal that no drain looks at.
--
-- KEYS  1 shard hash
-- ARGV  1 epoch   2 last sequence that is in the journal already   3 token of the fence   4 catalogue version, '': as it was
--       5 sequence of the ledger's position
-- Returns '1', or '0' when the shard must be verified again.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state', 'fence')
if shard[2] == 'open' and shard[1] == ARGV[1] then return '1' end
if shard[2] ~= 'fenced' or shard[3] ~= ARGV[3] then return '0' end
if shard[1] and tonumber(shard[1]) >= tonumber(ARGV[1]) then return '0' end
-- Trimming starts over here: what the ledger refused before concerns counters that are void now.
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'sequence', ARGV[2], 'trimmedEpoch', ARGV[1], 'trimmedSequence', ARGV[5],
  'state', 'open')
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'catalogue', ARGV[4]) end
redis.call('HDEL', KEYS[1], 'pin', 'fence', 'usageMissing')
return '1'
