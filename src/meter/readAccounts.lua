#!lua flags=no-writes
-- readAccounts: reads counters of several tenants of a shard together with the shard's positions, all of one moment: the cut at
-- which an audit compares them with the ledger and the journal. Writes nothing.
--
-- KEYS  1 shard hash   then per account a gate hash and a usage hash
-- Returns { epoch, sequence, trimmed epoch, trimmed sequence, then per account a list }: { 'void' } when the gate holds for
--         another epoch or is being rebuilt, { 'deleted' } when this epoch has made the usage hash and it is gone (see
--         recordUsage), else { 'open', the sequence it was last counted from, field, value, ... }.
--         Counters per dimension value (fields with '~') are left out. Or { 'closed' }: the shard is not open.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'sequence', 'trimmedEpoch', 'trimmedSequence', 'state')
if not shard[1] or shard[5] ~= 'open' then return { 'closed' } end
local reply = { shard[1], shard[2] or '0', shard[3] or '0', shard[4] or '0' }
for index = 2, #KEYS, 2 do
  local gate = redis.call('HMGET', KEYS[index], 'epoch', 'state', 'countedFrom')
  local account = { 'void' }
  if gate[1] == shard[1] and gate[2] == 'open' then
    account = { 'open', gate[3] or '0' }
    local held = redis.call('HGETALL', KEYS[index + 1])
    local isCurrent = false
    for place = 1, #held, 2 do
      if held[place] == '#epoch' then isCurrent = held[place + 1] == shard[1]
      elseif not string.find(held[place], '~', 1, true) then
        account[#account + 1], account[#account + 2] = held[place], held[place + 1]
      end
    end
    -- A usage hash of another epoch is void: it reads as empty.
    if not isCurrent then
      local made = redis.call('HGET', KEYS[index], 'use:' .. string.sub(KEYS[index + 1], #KEYS[index] + 1))
      account = made == shard[1] and { 'deleted' } or { 'open', gate[3] or '0' }
    end
  end
  reply[#reply + 1] = account
end
return reply
