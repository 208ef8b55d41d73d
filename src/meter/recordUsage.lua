#!lua
-- recordUsage: takes one shard's part of a request in one atomic step: versions, dedup, limits, counters, journal.
-- Everything is checked before anything is written. XADD is the first write, because an id that does not rise is refused
-- there; what follows cannot fail by type.
--
-- KEYS  1 shard hash   2 journal stream   3, 4, 5 id hashes of the buckets n-1, n, n+1
--       then one gate hash per tenant, then one usage hash per (tenant, accounting period)
-- ARGV  1 JSON { epoch, catalogue, bucket, windowMs, bucketMax, journalMax, gates: [version text],
--                counters: [[usage key, gate, field, kind, limit or -1, hard 0|1]] }: usage key is an index into KEYS, gate one
--                into gates (both from 1), kind is s (total), m (maximum), l (latest) or n (number of events only).
--                The values that one call adds to one counter sum up to less than 2^53.
--       2 digests: 32 bytes per event, 16 of the id and 16 of the content; events first, then refused ones
--       3 readings, packed per event: number of readings B, occurredAt micros d, then per reading: counter H from 1, scaled
--         value d (little endian)
--       4 verdicts: one letter per refused event (E, T or X), for those whose id is not known
--       5 interpretation and 6 events: JSON as the journal keeps them
-- Returns { 'applied', statuses, last sequence, gates that became dirty, total per limited counter ... }, all text,
--      or { 'epoch' }, { 'full' }, { 'stale:catalogue' }, { 'stale:bucket', n }, { 'stale:gate', gate, version },
--         { 'void:gate', gate ... }: nothing was applied.

local header, digests, readings, verdicts = cjson.decode(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local sent, total = #digests / 32 - #verdicts, #digests / 32
local TOTAL_MAX = 1e18 -- HINCRBY adds 64-bit integers exactly, also past 2^53; far below their end nothing more is taken

local function integer(text) return tonumber(text or '0') end
local function plain(number) return string.format('%.0f', number) end

local epoch, state, catalogue, sequence, trimmed, bucket, startedMs, inBucket = unpack(redis.call('HMGET', KEYS[1],
  'epoch', 'state', 'catalogue', 'sequence', 'trimmedSequence', 'bucket', 'bucketStartedMs', 'bucketCount'))
if epoch ~= header.epoch or state ~= 'open' then return { 'epoch' } end
if integer(catalogue) > header.catalogue then return { 'stale:catalogue' } end
if integer(bucket) ~= header.bucket then return { 'stale:bucket', bucket or '0' } end
-- Only what the ledger has not confirmed counts: committed entries are kept for a while.
if integer(sequence) - integer(trimmed) >= header.journalMax then return { 'full' } end

local clean, void = {}, { 'void:gate' }
for index, version in ipairs(header.gates) do
  local gate = redis.call('HMGET', KEYS[5 + index], 'version', 'state', 'epoch', 'dirty')
  if gate[3] ~= epoch or gate[2] ~= 'open' then void[#void + 1] = tostring(index)
  elseif gate[1] ~= version then return { 'stale:gate', tostring(index), gate[1] } end
  clean[index] = gate[4] ~= '1'
end
if #void > 1 then return void end

-- Buckets follow the clock of Redis; their number only rises. Two of them are asked: the present one and the one before.
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
bucket, startedMs, inBucket = header.bucket, integer(startedMs or plain(nowMs)), integer(inBucket)
local previousKey, currentKey = KEYS[3], KEYS[4]
local rotates = inBucket > 0 and (nowMs - startedMs >= header.windowMs or inBucket >= header.bucketMax)
if rotates then previousKey, currentKey, bucket, startedMs, inBucket = KEYS[4], KEYS[5], bucket + 1, nowMs, 0 end

-- What the counters hold now. A usage hash of another epoch is void: it reads as empty and is replaced when written.
local counters, voided = {}, {}
for index, given in ipairs(header.counters) do
  local key, field = KEYS[given[1]], given[3]
  local held = redis.call('HMGET', key, '#epoch', field, field .. '#at')
  voided[key] = held[1] ~= epoch
  local exists = not voided[key] and held[2]
  counters[index] = { key = key, gate = given[2], field = field, kind = given[4], limit = given[5], hard = given[6] == 1,
    total = exists and integer(held[2]) or 0, at = exists and integer(held[3]), added = 0, events = 0 }
end

local function allows(counter, value)
  if counter.kind == 's' then
    if counter.hard and value > 0 and value > counter.limit - counter.total then return false end
    return counter.total + value < TOTAL_MAX
  end
  return counter.kind ~= 'm' or not counter.hard or value <= counter.limit or value <= counter.total
end

local function take(counter, value, at)
  counter.events = counter.events + 1
  if counter.kind == 's' then
    counter.total, counter.added = counter.total + value, counter.added + value
  elseif not counter.at or (counter.kind == 'm' and value > counter.total) or (counter.kind == 'l' and at >= counter.at) then
    counter.total, counter.at, counter.changed = value, at, true
  end
end

-- Judges the event whose readings begin at `offset`. All of its meters count it, or none.
local function judge(count, at, offset)
  local taken = {}
  for reading = 1, count do
    local index, value = struct.unpack('<Hd', readings, offset + (reading - 1) * 10)
    if not allows(counters[index], value) then return 'L' end
    taken[reading] = { counters[index], value }
  end
  for _, pair in ipairs(taken) do take(pair[1], pair[2], at) end
  return 'A'
end

local ids, known = {}, {}
for index = 1, total do ids[index] = string.sub(digests, index * 32 - 31, index * 32 - 16) end
local current, previous = redis.call('HMGET', currentKey, unpack(ids)), redis.call('HMGET', previousKey, unpack(ids))

local statuses, remembered, offset = {}, {}, 1
for index, id in ipairs(ids) do
  local content = string.sub(digests, index * 32 - 15, index * 32 - 8)
  local kept, count, at = known[id] or current[index] or previous[index], 0, 0
  if index <= sent then count, at = struct.unpack('<Bd', readings, offset) end
  if kept then statuses[index] = kept == content and 'D' or 'C'
  elseif index > sent then statuses[index] = string.sub(verdicts, index - sent, index - sent)
  else statuses[index] = judge(count, at, offset + 9) end
  if statuses[index] == 'A' then
    known[id], remembered[#remembered + 1], remembered[#remembered + 2] = content, id, content
  end
  offset = offset + 9 + count * 10
end

local answer, accepted, dirty = table.concat(statuses), #remembered / 2, {}
sequence = integer(sequence) + accepted
if accepted > 0 then
  redis.call('XADD', KEYS[2], epoch .. '-' .. plain(sequence), 'f', '1', 'c', plain(header.catalogue),
    't', plain(time[1] * 1000000 + time[2]), 's', plain(sequence - accepted + 1), 'o', string.sub(answer, 1, sent),
    'd', string.sub(digests, 1, sent * 32), 'i', ARGV[5], 'e', ARGV[6])
  redis.call('HSET', currentKey, unpack(remembered))
  if rotates then redis.call('PEXPIRE', previousKey, plain(header.windowMs)) end
  redis.call('HSET', KEYS[1], 'sequence', plain(sequence), 'catalogue', plain(header.catalogue), 'bucket', plain(bucket),
    'bucketStartedMs', plain(startedMs), 'bucketCount', plain(inBucket + accepted))
end
for _, counter in ipairs(counters) do
  local key, field = counter.key, counter.field
  if counter.events > 0 then
    if voided[key] then redis.call('DEL', key) redis.call('HSET', key, '#epoch', epoch) end
    voided[key] = false
    if counter.kind == 's' then redis.call('HINCRBY', key, field, plain(counter.added)) end
    if counter.changed then redis.call('HSET', key, field, plain(counter.total), field .. '#at', plain(counter.at)) end
    redis.call('HINCRBY', key, field .. '#n', counter.events)
    if clean[counter.gate] then
      redis.call('HSET', KEYS[5 + counter.gate], 'dirty', '1')
      clean[counter.gate], dirty[#dirty + 1] = false, tostring(counter.gate)
    end
  end
end

local reply = { 'applied', answer, plain(sequence), table.concat(dirty, ',') }
for _, counter in ipairs(counters) do
  if counter.limit >= 0 then
    reply[#reply + 1] = not voided[counter.key] and redis.call('HGET', counter.key, counter.field) or '0'
  end
end
return reply
