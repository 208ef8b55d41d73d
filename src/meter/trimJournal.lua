#!lua flags=allow-oom
-- trimJournal: notes what the ledger has committed, takes back what the counters took for events that the ledger refused as
-- duplicates, and cuts the journal as far as its retention and the pin of an audit allow. Repeating it changes nothing: changes
-- at or below the trimmed-through position are done. What is cut is a mark of its own (`keptFrom`): a database restored from a
-- backup reads there what it cannot get again.
--
-- KEYS  1 shard hash   2 journal stream   then per place a gate hash and a usage hash
-- ARGV  1 epoch and 2 sequence the ledger has committed
--       3 JSON: per change [epoch, sequence, field, scaled value as text, kind, place from 1, time of a latest value]. Kinds:
--         1 additive; 2 additive, where the field is there; 0 not additive; 3 maximum; 4 latest value. One of the last two that the
--         counter may hold can only be taken back by the ledger: the tenant's counters are void then
--       4 milliseconds and 5 bytes of committed entries to keep, whichever ends first; 0: none
-- Returns the number of entries removed.

local MARKS = 32 -- how finely the age of what was committed is known: committed positions are noted so often per retention
local SLACK = 0.9 -- what is over the size is cut below it, so that not every call has to cut

local shard = redis.call('HMGET', KEYS[1], 'sequence', 'trimmedEpoch', 'trimmedSequence', 'pin', 'marks', 'keptFrom',
  'pinUntilMs', 'epoch')
local trimmedEpoch, trimmed = tonumber(shard[2] or '0'), tonumber(shard[3] or '0')
local committedEpoch, committed = tonumber(ARGV[1]), tonumber(ARGV[2])
-- A Redis of an epoch that the ledger has left behind is about to be verified: what waits in it was never committed.
if tonumber(shard[8] or '0') < committedEpoch then return 0 end
if committedEpoch < trimmedEpoch or (committedEpoch == trimmedEpoch and committed < trimmed) then return 0 end

for _, change in ipairs(cjson.decode(ARGV[3])) do
  local gateKey, usageKey = KEYS[1 + change[6] * 2], KEYS[2 + change[6] * 2]
  local isNew = change[1] > trimmedEpoch or (change[1] == trimmedEpoch and change[2] > trimmed)
  -- A rebuild counted from the ledger after this position: the refused event was never in these counters.
  local countedFrom = tonumber(redis.call('HGET', gateKey, 'countedFrom') or '0')
  local isCounted = tostring(change[1]) == redis.call('HGET', usageKey, '#epoch') and change[2] > countedFrom
  -- Redis takes no '-0': the error would leave the shard half trimmed, and every repeat would take back again what came before.
  local isAdditive = change[5] == 1 or (change[5] == 2 and redis.call('HEXISTS', usageKey, change[3]) == 1)
  if isNew and isCounted then
    if isAdditive and change[4] ~= '0' then redis.call('HINCRBY', usageKey, change[3], '-' .. change[4]) end
    if change[5] ~= 2 then redis.call('HINCRBY', usageKey, change[3] .. '#n', -1) end
    local isHeld = change[5] == 3 and redis.call('HGET', usageKey, change[3]) == change[4]
      or change[5] == 4 and redis.call('HGET', usageKey, change[3] .. '#at') == change[7]
    if isHeld then redis.call('HDEL', gateKey, 'epoch') end
  end
end
redis.call('HSET', KEYS[1], 'trimmedEpoch', ARGV[1], 'trimmedSequence', ARGV[2])

local function place(text)
  local epoch, sequence = string.match(text or '', '^(%d+)%-(%d+)$')
  return { tonumber(epoch or '0'), tonumber(sequence or '0') }
end
local function text(at) return string.format('%.0f-%.0f', at[1], at[2]) end
local function isBefore(one, other) return one[1] < other[1] or (one[1] == other[1] and one[2] < other[2]) end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local keptMs, keptBytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local after = { committedEpoch, committed + 1 }

-- Marks are `<ms>=<first position that was not committed then>,` oldest first. What a mark of the retention's age lies behind goes.
local marks, from = shard[5] or '', place(shard[6])
local newestMs, newest = string.match(marks, '(%d+)=([%d%-]+),$')
if newestMs and nowMs < tonumber(newestMs) then marks, newestMs = '', nil end -- the clock went back: ages begin anew
local isDue = not newestMs or nowMs - tonumber(newestMs) >= keptMs / MARKS
if isDue and newest ~= text(after) then marks = marks .. string.format('%.0f', nowMs) .. '=' .. text(after) .. ',' end
for ms, position, rest in function() return string.match(marks, '^(%d+)=([%d%-]+),(.*)$') end do
  if nowMs - tonumber(ms) < keptMs then break end
  from, marks = place(position), rest
end
if keptMs == 0 or keptBytes == 0 then from, marks = after, '' end

-- Over the size: of an older epoch everything goes, of the present one a share.
-- Where a provider forbids the command, age alone bounds what is kept.
local bytes = redis.pcall('MEMORY', 'USAGE', KEYS[2])
if type(bytes) ~= 'number' then bytes = 0 end
local first = bytes > keptBytes and redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if first then
  local head = place(first[1])
  local bySize = { head[1], head[2] + math.ceil((tonumber(shard[1] or '0') - head[2]) * (1 - SLACK * keptBytes / bytes)) }
  if head[1] < committedEpoch then
    bySize[2] = place(redis.call('XREVRANGE', KEYS[2], text({ head[1], 2 ^ 53 }), '-', 'COUNT', 1)[1][1])[2] + 1
  end
  if isBefore(from, bySize) then from = bySize end
end

if isBefore(after, from) then from = after end
local pinHolds = shard[4] and nowMs < tonumber(shard[7] or '1e18') -- the pin of an audit that died ends by itself
local pin = pinHolds and place(shard[4])
if pin and isBefore(pin, from) then from = pin end
-- What was cut before stays cut, whatever is kept from now on.
if isBefore(from, place(shard[6])) then from = place(shard[6]) end
redis.call('HSET', KEYS[1], 'marks', marks, 'keptFrom', text(from))
return redis.call('XTRIM', KEYS[2], 'MINID', text(from))
