-- Third part of recordUsage: writes what was accepted, and answers.

local function written(number) return number < EXACT_BELOW and number or plain(number) end

sequence = integer(sequence) + accepted
if accepted > 0 then
  local outcomes, entryDigests = statuses, digests
  if sent < total then outcomes, entryDigests = sub(statuses, 1, sent), sub(digests, 1, sent * 32) end
  call('XADD', KEYS[2], string.format('%s-%.0f', epoch, sequence), 'f', '1', 'c', wantedCatalogue,
    't', time[1] * 1000000 + time[2], 's', written(sequence - accepted + 1), 'o', outcomes, 'd', entryDigests,
    'i', ARGV[6], 'e', ARGV[7])
  remembered = remembered or { struct.unpack(string.rep('c16c8xxxxxxxx', sent), digests) }
  call('HSET', currentKey, unpack(remembered, 1, accepted * 2))
  if rotates then call('PEXPIRE', previousKey, idWindowMs) end
  if rotates or inBucket == 0 or integer(catalogue) ~= wantedCatalogue then
    call('HSET', KEYS[1], 'catalogue', wantedCatalogue, 'bucket', rotates and wantedBucket + 1 or wantedBucket,
      'bucketStartedMs', startedMs)
  end
  call('HSET', KEYS[1], 'sequence', written(sequence), 'bucketCount', inBucket + accepted)
end

-- Every counter is asked again where its total is wanted: past 2^53 only the text of Redis is exact.
local reply, dirty, nextTold, counter = { 'applied', statuses, sequence, '', nowMs }, {}, 1, 0
for hash, count in ipairs(hashCounters) do
  local key, gate = KEYS[COUNTERS_FROM + hash], hashGates[hash]
  for _ = 1, count do
    counter = counter + 1
    local kind, field, change = kinds[counter], fields[counter], changes[counter]
    if numbers[counter] > 0 then
      if not isValid[hash] then
        call('DEL', key)
        call('HSET', key, hashWindows[hash] == 0 and '#epoch' or '#start', marks[hash])
        if hashWindows[hash] > 0 then call('PEXPIRE', key, hashWindows[hash]) end
        isValid[hash] = true
      end
      if kind == 's' or kind == 'T' then call('HINCRBY', key, field, written(change))
      elseif kind == 'l' then
        if instants[counter] >= integer(call('HGET', key, field .. '#at')) then
          call('HSET', key, field, written(change), field .. '#at', written(instants[counter]))
        end
      elseif kind ~= 'n' and change > (totals[counter] or -1) then call('HSET', key, field, written(change)) end
      if kind ~= 'T' and kind ~= 'M' then call('HINCRBY', key, field .. '#n', numbers[counter]) end
      if clean[gate] then
        call('HSET', KEYS[GATES_FROM + gate], 'dirty', '1')
        clean[gate], dirty[#dirty + 1] = false, gate
      end
    end
    if told[nextTold] == counter then
      reply[nextTold + 5] = isValid[hash] and call('HGET', key, field) or '0'
      nextTold = nextTold + 1
    end
  end
end
reply[4] = table.concat(dirty, ',')
return reply
