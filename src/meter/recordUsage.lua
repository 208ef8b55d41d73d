#!lua
-- recordUsage: takes one shard's part of a request in one atomic step: versions, dedup, limits, counters, journal.
-- Everything is checked before anything is written. XADD is the first write, because an id that does not rise is refused
-- there; what follows cannot fail by type. Put together from four files: this one reads, recordUsage-held.lua looks what is
-- held, recordUsage-judge.lua judges, recordUsage-write.lua writes and answers.
--
-- KEYS  1 shard hash   2 journal stream   3, 4, 5 id hashes of the buckets n-1, n, n+1
--       then one gate hash per tenant, then the hashes of the counters; for a hold that is settled, last, the tenant's open
--       holds and the hold
-- ARGV  1 MessagePack, one value after the other: the locals that it is unpacked into, described there
--       2 digests: 32 bytes per event, 16 of the id and 16 of the content; events first, then refused ones
--       3 MessagePack: the ids again, then of each event that was not refused the first 8 bytes of its content: texts that come apart in
--         one call, which is half of the work of taking them out of the digests
--       4 readings, packed per event: number of readings H, occurredAt micros d, then per reading: counter I4 from 1, scaled
--         value d (little endian)
--       5 verdicts: one letter per refused event (E, T or X), for those whose id is not known
--       6 interpretation and 7 events: JSON as the journal keeps them
-- Returns { 'applied', statuses, last sequence, gates that became dirty, milliseconds by the clock of Redis, totals of the
--         counters that were asked for ... }: numbers are below 2^53, totals are text,
--      or { 'epoch' }, { 'full' }, { 'stale:catalogue' }, { 'stale:bucket', n }, { 'stale:gate', gate, version },
--         { 'void:gate', gate ... }, { 'stale:counters', gate ... }, { 'due:holds', gate ... },
--         { 'released' }: nothing was applied.

local
  wantedEpoch, wantedCatalogue, wantedBucket, -- what the group was interpreted under; the epoch is text
  idWindowMs, bucketMax, journalMax, -- bounds of an id bucket in time and number, and of what the ledger has not confirmed
  allDiffer, -- 1: no id is twice in the group
  gates, -- per tenant two texts: version, and by which dimensions its counters are kept
  hashGates, hashWindows, hashCounters, -- per hash of counters: place of its gate, window in milliseconds (0: usage hash), number
  fields, -- per counter, in the order of the hashes
  kinds, -- per counter: s (total), m (maximum), l (latest) or n (nothing) of a meter, with the number of its events as the next
         -- counter; T (total) and M (maximum) of a bound, and T of a number of events
  bounds, -- per counter: hard bound or -1; empty: none has one
  changes, -- per counter, if every event is accepted: sum (below 2^53), maximum, latest value
  instants, -- ... and the time of the latest value; empty: nothing has a latest value
  told, -- places of the counters whose totals are asked for
  helds, -- pairs of places: a counter, and the one of what holds take of it
  asksForDue, -- 1: say so when a limit refuses and a hold of the tenant has run out
  settles, settledQuantity, -- name of the hold that the only event settles, '' for none, and how much is committed of it
  holdKeptMs -- how long a settled hold is remembered
  = cmsgpack.unpack(ARGV[1])
local digests, readings, verdicts = ARGV[2], ARGV[4], ARGV[5]
local total, sent = #digests / 32, #digests / 32 - #verdicts
local GATES_FROM, COUNTERS_FROM = 5, 5 + #gates / 2
local EXACT_BELOW = 2 ^ 52 -- Redis writes whole numbers below it plainly, whatever its version
local TOTAL_MAX = 1e18 -- HINCRBY adds 64-bit integers exactly, also past 2^53; far below their end nothing more is taken
local call, sub = redis.call, string.sub

local function integer(text) return tonumber(text or '0') end
local function plain(number) return string.format('%.0f', number) end
-- The field of a gate that says for which epoch a usage hash was made: 'use:' and the hash's period, which stands in the name of
-- the hash where the name of the gate has ended, one further for the shorter word.
local function madeField(gateKey, key) return 'use:' .. sub(key, #gateKey + 1) end

local epoch, state, catalogue, sequence, trimmed, bucket, startedMs, inBucket = unpack(call('HMGET', KEYS[1],
  'epoch', 'state', 'catalogue', 'sequence', 'trimmedSequence', 'bucket', 'bucketStartedMs', 'bucketCount'))
if epoch ~= wantedEpoch or state ~= 'open' then return { 'epoch' } end
if integer(catalogue) > wantedCatalogue then return { 'stale:catalogue' } end
if integer(bucket) ~= wantedBucket then return { 'stale:bucket', bucket or '0' } end
-- Only what the ledger has not confirmed counts: committed entries are kept for a while.
if integer(sequence) - integer(trimmed) >= journalMax then return { 'full' } end

local clean, void, uncounted = {}, { 'void:gate' }, { 'stale:counters' }
for index = 1, #gates / 2 do
  local gate = call('HMGET', KEYS[GATES_FROM + index], 'version', 'state', 'epoch', 'dirty', 'countedBy')
  if gate[3] ~= epoch or gate[2] ~= 'open' then void[#void + 1] = tostring(index)
  elseif gate[1] ~= gates[index * 2 - 1] then return { 'stale:gate', tostring(index), gate[1] }
  elseif (gate[5] or '') ~= gates[index * 2] then uncounted[#uncounted + 1] = tostring(index) end
  clean[index] = gate[4] ~= '1'
end
if #void > 1 then return void end
if #uncounted > 1 then return uncounted end

-- Buckets follow the clock of Redis; their number only rises. Two of them are asked: the present one and the one before.
local time = call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
startedMs, inBucket = integer(startedMs or plain(nowMs)), integer(inBucket)
local previousKey, currentKey = KEYS[3], KEYS[4]
local rotates = inBucket > 0 and (nowMs - startedMs >= idWindowMs or inBucket >= bucketMax)
if rotates then previousKey, currentKey, startedMs, inBucket = KEYS[4], KEYS[5], nowMs, 0 end

-- What the counters hold now. Void, and so empty, is a usage hash of another epoch, and a window hash of another window.
local totals, held, first, marks, isValid = {}, nil, 1, {}, {}
for hash, count in ipairs(hashCounters) do
  local windowMs, last = hashWindows[hash], first + count - 1
  local name = windowMs == 0 and '#epoch' or '#start'
  marks[hash] = windowMs == 0 and epoch or plain(nowMs - nowMs % windowMs)
  held = call('HMGET', KEYS[COUNTERS_FROM + hash], name, unpack(fields, first, last))
  isValid[hash] = held[1] == marks[hash]
  -- One that this epoch has made and that is gone was deleted or evicted: only the ledger knows what it held.
  local gateKey = KEYS[GATES_FROM + hashGates[hash]]
  if windowMs == 0 and not isValid[hash] and call('HGET', gateKey, madeField(gateKey, KEYS[COUNTERS_FROM + hash])) == epoch then
    call('HDEL', gateKey, 'epoch')
    void[#void + 1] = tostring(hashGates[hash])
  end
  for counter = first, last do
    local text = isValid[hash] and held[counter - first + 2]
    totals[counter] = text and tonumber(text)
  end
  first = last + 1
end
if #void > 1 then return void end
