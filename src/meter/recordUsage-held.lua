-- Part of recordUsage between reading and judging: what holds take of the bounded counters. Writes nothing.
-- Leaves behind: `heldBy`, per counter what is held of it, without the hold that this call settles; `hold`, the places of that one, while it
-- holds; `holdRecord`, what is known of it.

local heldBy, hold, holdRecord = {}, nil, nil
for index = 1, #helds, 2 do heldBy[helds[index]] = totals[helds[index + 1]] or nil end
if settles ~= '' then
  local record = call('HMGET', KEYS[#KEYS], 'state', 'places', 'content', 'atMicros', 'expiresMs')
  if record[1] == 'released' then return { 'released' } end
  if record[1] then holdRecord = record end
  if record[1] == 'held' then hold = cmsgpack.unpack(record[2]) end
  for index = 1, hold and #helds or 0, 2 do
    local counter, hash, upTo = helds[index], 0, 0
    while counter > upTo do hash, upTo = hash + 1, upTo + hashCounters[hash + 1] end
    for place = 1, #hold, 4 do
      local isSame = hold[place] == KEYS[COUNTERS_FROM + hash] and hold[place + 2] == fields[helds[index + 1]]
        and (hold[place + 1] == '' or hold[place + 1] == marks[hash])
      if isSame and heldBy[counter] then heldBy[counter] = math.max(0, heldBy[counter] - hold[place + 3]) end
    end
  end
end
