#!lua flags=allow-oom
-- fenceShard: stops a shard, so that what is left in its journal can be drained before the next epoch begins. The newest fence
-- counts: whoever fenced before it cannot open the shard any more, because the newer one may have begun a later epoch since.
--
-- KEYS  1 shard hash
-- ARGV  1 the epoch that was read, '' for none   2 token of the fence   3 '1': only a shard that is open
-- Returns '1', or '0' when the shard is in another epoch by now, or was not open.

local shard = redis.call('HMGET', KEYS[1], 'epoch', 'state')
if (shard[1] or '') ~= ARGV[1] or (ARGV[3] == '1' and shard[2] ~= 'open') then return '0' end
redis.call('HSET', KEYS[1], 'state', 'fenced', 'fence', ARGV[2])
return '1'
