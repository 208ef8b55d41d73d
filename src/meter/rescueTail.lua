#!lua
-- rescueTail: brings entries of an epoch that the ledger has left behind into the epoch that begins now. A Redis that was away
-- while another one stood in for it may come back with entries that no drain looks at any more. What the ledger has of them it
-- refuses as duplicates.
--
-- KEYS  1 shard hash   2 journal stream
-- ARGV  1 token of the fence   2 first id, '(' in front: after it   3 last id   4 the new epoch   5 its last sequence so far
--       6 entries at most
-- Returns { the last id that was read, the new epoch's last sequence now }, or { '', sequence } when nothing is left, or { '0' }
--         when the fence does not hold any more.

local shard = redis.call('HMGET', KEYS[1], 'state', 'fence')
if shard[1] ~= 'fenced' or shard[2] ~= ARGV[1] then return { '0' } end
local lastId, sequence = '', tonumber(ARGV[5])
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[3], 'COUNT', ARGV[6])) do
  local fields, events = entry[2], 1
  lastId = entry[1]
  for place = 1, #fields, 2 do
    local first = fields[place] == 's' and tonumber(fields[place + 1])
    if first then
      events = tonumber(string.match(lastId, '%-(%d+)$')) - first + 1
      fields[place + 1] = string.format('%.0f', sequence + 1)
    end
  end
  sequence = sequence + events
  redis.call('XADD', KEYS[2], ARGV[4] .. '-' .. string.format('%.0f', sequence), unpack(fields))
end
return { lastId, string.format('%.0f', sequence) }
