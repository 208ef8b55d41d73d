-- Third part of recordUsage: writes what was accepted, and answers.

local function written(number) return number < EXACT_BELOW and number or plain(number) end

local function writeJournal()
  sequence = integer(sequence) + accepted
  if accepted == 0 then return end
  local isWhole = #verdicts == 0
  call('XADD', KEYS[2], epoch .. '-' .. plain(sequence), 'f', '1', 'c', wantedCatalogue,
    't', plain(time[1] * 1000000 + time[2]), 's', written(sequence - accepted + 1),
    'o', isWhole and statuses or sub(statuses, 1, sent), 'd', isWhole and digests or sub(digests, 1, sent * 32),
    'i', ARGV[6], 'e', ARGV[7])
  remembered = remembered or { struct.unpack(string.rep('c16c8xxxxxxxx', sent), digests) }
  call('HSET', currentKey, unpack(remembered, 1, accepted * 2))
  if rotates then call('PEXPIRE', previousKey, idWindowMs) end
  if rotates or inBucket == 0 or catalogue ~= plain(wantedCatalogue) then
    call('HSET', KEYS[1], 'catalogue', wantedCatalogue, 'bucket', rotates and wantedBucket + 1 or wantedBucket,
      'bucketStartedMs', startedMs)
  end
  call('HSET', KEYS[1], 'sequence', written(sequence), 'bucketCount', inBucket + accepted)
end

local function writeCounter(key, counter)
  local kind, field, change = kinds[counter], fields[counter], changes[counter]
  if kind == 's' or kind == 'T' then call('HINCRBY', key, field, written(change))
  elseif kind == 'l' then
    if instants[counter] >= integer(call('HGET', key, field .. '#at')) then
      call('HSET', key, field, written(change), field .. '#at', written(instants[counter]))
    end
  elseif kind ~= 'n' and change > (totals[counter] or -1) then call('HSET', key, field, written(change)) end
  if kind ~= 'T' and kind ~= 'M' then call('HINCRBY', key, field .. '#n', numbers[counter]) end
end

local dirty = {}
local function writeCounters()
  first = 1
  for hash, count in ipairs(hashCounters) do
    local key, gate = KEYS[COUNTERS_FROM + hash], hashGates[hash]
    for counter = first, first + count - 1 do
      if numbers[counter] > 0 then
        if not isValid[hash] then
          call('DEL', key)
          call('HSET', key, hashWindows[hash] == 0 and '#epoch' or '#start', marks[hash])
          if hashWindows[hash] > 0 then call('PEXPIRE', key, hashWindows[hash]) end
          isValid[hash] = true
        end
        writeCounter(key, counter)
        if clean[gate] then
          call('HSET', KEYS[GATES_FROM + gate], 'dirty', '1')
          clean[gate], dirty[#dirty + 1] = false, tostring(gate)
        end
      end
    end
    first = first + count
  end
end

-- Totals are asked of Redis again: past 2^53 only its text is exact.
local function answer()
  local reply = { 'applied', statuses, plain(sequence), table.concat(dirty, ','), plain(nowMs) }
  local nextTold, hash, upTo = 1, 0, 0
  for _, counter in ipairs(told) do
    while counter > upTo do hash, upTo = hash + 1, upTo + hashCounters[hash + 1] end
    reply[nextTold + 5] = isValid[hash] and call('HGET', KEYS[COUNTERS_FROM + hash], fields[counter]) or '0'
    nextTold = nextTold + 1
  end
  return reply
end

writeJournal()
if accepted > 0 then writeCounters() end
return answer()
