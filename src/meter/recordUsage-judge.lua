-- Second part of recordUsage: which events are known, and which ones the limits allow. Writes nothing.
-- Leaves behind: `statuses`, one letter per event; `accepted`, how many; `changes` and `instants` of what was accepted;
-- `remembered`, id and content of it in pairs, or nil when everything was accepted.

-- A total must stay within a hard bound, a maximum may repeat what it has reached. `change` is what the call has added so far.
local function allows(counter, value, change)
  local kind, bound, now = kinds[counter], bounds[counter] or -1, totals[counter] or 0
  if kind == 's' or kind == 'T' then
    if bound >= 0 and value > 0 and value > bound - (now + change + (heldBy[counter] or 0)) then return false end
    return now + change + value < TOTAL_MAX
  end
  return bound < 0 or value <= bound or value <= now or value <= change
end

-- The ids, and behind them the contents.
local ids = { cmsgpack.unpack(ARGV[3]) }

local current = call('HMGET', currentKey, unpack(ids, 1, total))
local previous = call('HMGET', previousKey, unpack(ids, 1, total))
local isPlain = allDiffer == 1
for index = 1, total do
  if current[index] or previous[index] then isPlain = false break end
end
-- The service has added up what every counter takes if all events are accepted, which is the common case.
for counter = 1, #fields do
  if not allows(counter, changes[counter], 0) then isPlain = false break end
end

local statuses, accepted, remembered = nil, sent, nil
if isPlain then statuses = string.rep('A', sent) .. verdicts
else
  -- Judges event after event, as they were sent. Made in here, because it is rarely needed.
  local function judgeOneByOne()
    local letters, known, pairsOfIds, offset = {}, {}, {}, 1
    for counter = 1, #fields do changes[counter], instants[counter] = 0, 0 end

    local function take(counter, value, at)
      local kind = kinds[counter]
      if kind ~= 'T' and kind ~= 'M' then changes[counter + 1] = changes[counter + 1] + 1 end
      if kind == 's' or kind == 'T' then changes[counter] = changes[counter] + value
      elseif kind == 'l' then
        if at >= instants[counter] then changes[counter], instants[counter] = value, at end
      elseif value > changes[counter] then changes[counter] = value end
    end

    -- All of the event's meters count it, or none.
    local function judge(count, at, first)
      local last = first + (count - 1) * 12
      for position = first, last, 12 do
        local counter, value = struct.unpack('<I4d', readings, position)
        if not allows(counter, value, changes[counter]) then return 'L' end
      end
      for position = first, last, 12 do
        local counter, value = struct.unpack('<I4d', readings, position)
        take(counter, value, at)
      end
      return 'A'
    end

    for index = 1, total do
      local id, content = ids[index], sub(digests, index * 32 - 15, index * 32 - 8)
      local kept, count, at = known[id] or current[index] or previous[index], 0, 0
      if index <= sent then count, at = struct.unpack('<Hd', readings, offset) end
      if kept then letters[index] = kept == content and 'D' or 'C'
      elseif index > sent then letters[index] = sub(verdicts, index - sent, index - sent)
      else letters[index] = judge(count, at, offset + 10) end
      if letters[index] == 'A' then
        known[id], pairsOfIds[#pairsOfIds + 1], pairsOfIds[#pairsOfIds + 2] = content, id, content
      end
      offset = offset + 10 + count * 12
    end
    return table.concat(letters), pairsOfIds
  end

  statuses, remembered = judgeOneByOne()
  accepted = #remembered / 2
end
-- A hold that has run out is given back before a limit refuses because of it.
if asksForDue == 1 and not isPlain and next(heldBy) and string.find(statuses, 'L', 1, true) then
  local due = { 'due:holds' }
  for index = 1, #gates / 2 do
    local holds = string.gsub(KEYS[GATES_FROM + index], ':gate:', ':holds:', 1)
    if call('ZRANGEBYSCORE', holds, '-inf', plain(nowMs), 'LIMIT', 0, 1)[1] then due[#due + 1] = tostring(index) end
  end
  if #due > 1 then return due end
end
