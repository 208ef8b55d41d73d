#!lua
-- repairCounter: moves one counter by a difference that was explained, once: only while it still holds what was read.
--
-- KEYS  1 usage hash
-- ARGV  1 field   2 the value that was read   3 the value it must have
-- Returns '1', or '0' when it has moved since.

if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then return '0' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return '1'
