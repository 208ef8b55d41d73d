#!lua flags=allow-oom
-- pinShard: keeps a shard's journal from being trimmed past its present trimmed-through position, so that an audit finds what
-- it compares the counters with. A pin ends by itself: an auditor that died cannot fill the journal.
--
-- KEYS  1 shard hash
-- ARGV  1 token of the audit   2 milliseconds that the pin holds at most; 0: give it back
-- Returns 'pinned'. Or 'released'. Or 'busy': another audit has pinned the shard. 'closed': the shard has no epoch, or is fenced.

local state, token, untilMs, epoch, sequence = unpack(redis.call('HMGET', KEYS[1],
  'state', 'pinToken', 'pinUntilMs', 'trimmedEpoch', 'trimmedSequence'))
if ARGV[2] == '0' then
  if token == ARGV[1] then redis.call('HDEL', KEYS[1], 'pin', 'pinToken', 'pinUntilMs') end
  return 'released'
end
if state ~= 'open' then return 'closed' end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
if token and token ~= ARGV[1] and nowMs < tonumber(untilMs or '0') then return 'busy' end
redis.call('HSET', KEYS[1], 'pin', (epoch or '0') .. '-' .. string.format('%.0f', tonumber(sequence or '0') + 1),
  'pinToken', ARGV[1], 'pinUntilMs', string.format('%.0f', nowMs + tonumber(ARGV[2])))
return 'pinned'
