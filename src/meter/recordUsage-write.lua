-- Third part of recordUsage: writes what was accepted, and answers.

local function written(number) return number < EXACT_BELOW and number or plain(number) end

sequence = integer(sequence) + accepted
local sequenceText = plain(sequence)
if accepted > 0 then
  local outcomes, entryDigests = statuses, digests
  if sent < total then outcomes, entryDigests = sub(statuses, 1, sent), sub(digests, 1, sent * 32) end
  call('XADD', KEYS[2], epoch .. '-' .. sequenceText, 'f', '1', 'c', wantedCatalogue,
    't', time[1] .. sub('00000' .. time[2], -6), 's', accepted == 1 and sequenceText or written(sequence - accepted + 1),
    'o', outcomes, 'd', entryDigests, 'i', ARGV[6], 'e', ARGV[7])
  if not remembered then
    remembered = {}
    for index = 1, sent do remembered[index * 2 - 1], remembered[index * 2] = ids[index], ids[total + index] end
  end
  call('HSET', currentKey, unpack(remembered, 1, accepted * 2))
  if rotates then call('PEXPIRE', previousKey, idWindowMs) end
  if rotates or inBucket == 0 or integer(catalogue) ~= wantedCatalogue then
    call('HSET', KEYS[1], 'catalogue', wantedCatalogue, 'bucket', rotates and wantedBucket + 1 or wantedBucket,
      'bucketStartedMs', startedMs)
  end
  call('HSET', KEYS[1], 'sequence', sequenceText, 'bucketCount', inBucket + accepted)
end

-- The hold that the event settles is given back to the counters that still know it, also when the event was in the books already.
if settles ~= '' and string.find(statuses, '[AD]') then
  for place = 1, hold and #hold or 0, 4 do
    local key, start, field, value = hold[place], hold[place + 1], hold[place + 2], hold[place + 3]
    local isCurrent = start == '' and call('HGET', key, '#epoch') == epoch
      or start ~= '' and call('HGET', key, '#start') == start
    local left = isCurrent and integer(call('HGET', key, field) or nil) - value or 0
    if left > 0 then call('HSET', key, field, plain(left))
    elseif isCurrent then call('HDEL', key, field) end
  end
  if holdRecord then
    call('DEL', KEYS[#KEYS])
    call('HSET', KEYS[#KEYS], 'content', holdRecord[3], 'state', 'committed', 'atMicros', holdRecord[4],
      'expiresMs', holdRecord[5], 'committed', settledQuantity)
    call('PEXPIRE', KEYS[#KEYS], holdKeptMs)
  end
  call('ZREM', KEYS[#KEYS - 1], settles)
end

-- One command writes a hash. Only a total that a double does not hold exactly any more is raised by Redis itself.
local reply, dirty, wasReset, counter = { 'applied', statuses, sequence, '', nowMs }, {}, {}, 0
for hash, count in ipairs(hashCounters) do
  local key, gate, values, large = KEYS[COUNTERS_FROM + hash], hashGates[hash], {}, {}
  for _ = 1, count do
    counter = counter + 1
    local kind, field, change, now = kinds[counter], fields[counter], changes[counter], totals[counter]
    local isTotal = kind == 's' or kind == 'T'
    local isTouched = change > 0 or (kind ~= 'T' and kind ~= 'M' and changes[counter + 1] > 0)
    if isTouched and isTotal and (now or 0) + change < EXACT_BELOW then
      values[#values + 1], values[#values + 2] = field, (now or 0) + change
    elseif isTouched and isTotal then large[#large + 1] = counter
    elseif isTouched and kind == 'l' then
      local at = instants[counter] or 0
      if at >= integer(isValid[hash] and call('HGET', key, field .. '#at') or nil) then
        values[#values + 1], values[#values + 2] = field, written(change)
        values[#values + 1], values[#values + 2] = field .. '#at', at
      end
    elseif isTouched and kind ~= 'n' and change > (now or -1) then
      values[#values + 1], values[#values + 2] = field, written(change)
    end
  end
  if #values + #large > 0 then
    if not isValid[hash] and not wasReset[key] then
      call('DEL', key)
      call('HSET', key, hashWindows[hash] == 0 and '#epoch' or '#start', marks[hash])
      if hashWindows[hash] > 0 then call('PEXPIRE', key, hashWindows[hash])
      else call('HSET', KEYS[GATES_FROM + gate], madeField(KEYS[GATES_FROM + gate], key), epoch) end
    end
    isValid[hash], wasReset[key] = true, true
    if #values > 0 then call('HSET', key, unpack(values)) end
    for _, place in ipairs(large) do call('HINCRBY', key, fields[place], written(changes[place])) end
    if clean[gate] then
      call('HSET', KEYS[GATES_FROM + gate], 'dirty', '1')
      clean[gate], dirty[#dirty + 1] = false, gate
    end
  end
end
reply[4] = table.concat(dirty, ',')

-- Totals are asked of Redis again: past 2^53 only its text is exact.
local hash, upTo = 0, 0
for index, place in ipairs(told) do
  while place > upTo do hash, upTo = hash + 1, upTo + hashCounters[hash + 1] end
  reply[index + 5] = isValid[hash] and call('HGET', KEYS[COUNTERS_FROM + hash], fields[place]) or '0'
end
return reply
