#!lua
-- reserveUnits: holds units of one meter against its bounds, if they allow it, or says what is known of a hold of that name.
-- What is held counts as used wherever a hard bound is judged, and is kept beside the counter, in the field '<counter>~held'.
--
-- KEYS  1 shard hash   2 gate hash   3 open holds of the tenant   4 the hold   then the hashes of the counters
-- ARGV  1 epoch   2 catalogue version   3 gate version   4 by which dimensions the counters must be kept
--       5 name of the hold   6 digest of what is asked for   7 milliseconds after which it runs out   8 most open holds of a tenant
--       9 '1': say so when one has run out, before anything is judged
--       10 when it is asked for the first time, epoch microseconds by the service's clock: remembered for the event
--       11 MessagePack: the locals that it is unpacked into
-- Returns { 'held' or 'known' or 'refused' or 'crowded', milliseconds by the clock of Redis, then of the hold state, epoch microseconds
--         of the first request, milliseconds when it runs out, what was committed of it; then total and held of each counter }: all text;
--      or { 'conflict' }: the name was taken for something else; { 'due:holds' }; or what readLimits answers to stale questions.

local
  hashWindows, hashCounters, -- per hash: window in milliseconds (0: usage hash), number of counters
  fields, bounds, -- per counter: field, hard bound or -1
  value -- what is to be held of each
  = cmsgpack.unpack(ARGV[11])
local call = redis.call
local HELD_MAX = 2 ^ 52 -- up to here Lua adds exactly and Redis writes plainly

local function plain(number) return string.format('%.0f', number) end

local shard = call('HMGET', KEYS[1], 'epoch', 'state', 'catalogue')
if shard[1] ~= ARGV[1] or shard[2] ~= 'open' then return { 'epoch' } end
if tonumber(shard[3] or '0') > tonumber(ARGV[2]) then return { 'stale:catalogue' } end
local gate = call('HMGET', KEYS[2], 'version', 'state', 'epoch', 'countedBy')
if gate[3] ~= ARGV[1] or gate[2] ~= 'open' then return { 'void:gate' } end
if gate[1] ~= ARGV[3] then return { 'stale:gate', gate[1] } end
if (gate[4] or '') ~= ARGV[4] then return { 'stale:counters' } end

local time = call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[9] == '1' and call('ZRANGEBYSCORE', KEYS[3], '-inf', plain(nowMs), 'LIMIT', 0, 1)[1] then return { 'due:holds' } end
local known = call('HMGET', KEYS[4], 'content', 'state', 'atMicros', 'expiresMs', 'committed')
if known[1] and known[1] ~= ARGV[6] then return { 'conflict' } end

local totals, refused, counter, places, isValid, marks = {}, false, 0, {}, {}, {}
for hash, count in ipairs(hashCounters) do
  local key, windowMs = KEYS[4 + hash], hashWindows[hash]
  marks[hash] = windowMs == 0 and ARGV[1] or plain(nowMs - nowMs % windowMs)
  isValid[hash] = call('HGET', key, windowMs == 0 and '#epoch' or '#start') == marks[hash]
  -- One that this epoch has made and that is gone was deleted or evicted (see recordUsage).
  local isMade = windowMs == 0 and call('HGET', KEYS[2], 'use:' .. string.sub(key, #KEYS[2] + 1)) == ARGV[1]
  if isMade and not isValid[hash] then
    call('HDEL', KEYS[2], 'epoch')
    return { 'void:gate' }
  end
  for _ = 1, count do
    counter = counter + 1
    local bound, heldField = bounds[counter], fields[counter] .. '~held'
    local now = isValid[hash] and call('HMGET', key, fields[counter], heldField) or {}
    local total, held = now[1] or '0', now[2] or '0'
    totals[#totals + 1], totals[#totals + 2] = total, held
    if bound >= 0 and value > 0 and value > bound - (tonumber(total) + tonumber(held)) then refused = true end
    if tonumber(held) + value >= HELD_MAX then refused = true end
    local start = windowMs == 0 and '' or marks[hash]
    places[#places + 1], places[#places + 2], places[#places + 3], places[#places + 4] = key, start, heldField, value
  end
end

local function answer(word, state, atMicros, expiresMs, committed)
  return { word, plain(nowMs), state, atMicros, expiresMs, committed, unpack(totals) }
end

if known[1] then return answer('known', known[2], known[3], known[4], known[5] or '') end
if refused then return answer('refused', '', '', '', '') end
if call('ZCARD', KEYS[3]) >= tonumber(ARGV[8]) then return answer('crowded', '', '', '', '') end

local atMicros, expiresMs = ARGV[10], plain(nowMs + tonumber(ARGV[7]))
call('HSET', KEYS[4], 'content', ARGV[6], 'state', 'held', 'atMicros', atMicros, 'expiresMs', expiresMs,
  'places', cmsgpack.pack(places))
call('ZADD', KEYS[3], expiresMs, ARGV[5])
counter = 0
for hash, count in ipairs(hashCounters) do
  local key, windowMs = KEYS[4 + hash], hashWindows[hash]
  if not isValid[hash] then
    call('DEL', key)
    call('HSET', key, windowMs == 0 and '#epoch' or '#start', marks[hash])
    if windowMs > 0 then call('PEXPIRE', key, windowMs)
    else call('HSET', KEYS[2], 'use:' .. string.sub(key, #KEYS[2] + 1), ARGV[1]) end
  end
  for _ = 1, count do
    counter = counter + 1
    local held = tonumber(totals[counter * 2]) + value
    call('HSET', key, fields[counter] .. '~held', plain(held))
    totals[counter * 2] = plain(held)
  end
end
return answer('held', 'held', atMicros, expiresMs, '')
