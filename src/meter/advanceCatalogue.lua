#!lua
-- advanceCatalogue: tells a shard that the catalogue has changed; groups of an older version are refused from here on.
--
-- KEYS  1 shard hash
-- ARGV  1 catalogue version
-- Returns the version that holds now.

local held = redis.call('HGET', KEYS[1], 'catalogue') or '0'
if tonumber(ARGV[1]) <= tonumber(held) then return held end
redis.call('HSET', KEYS[1], 'catalogue', ARGV[1])
return ARGV[1]
