import { Redis } from 'ioredis';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { packHeader, type HeaderValue } from '../../src/meter/message-pack.ts';
import { createTestRedis, type TestRedis } from '../support/test-redis.ts';

let testRedis: TestRedis;
let redis: Redis;
beforeAll(async () => {
  testRedis = await createTestRedis();
  redis = new Redis(testRedis.redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await testRedis.drop();
});

/** What Redis reads; numbers as text, because a reply would cut them to 64-bit integers. */
async function readByRedis(values: readonly HeaderValue[]): Promise<unknown> {
  const script = `
    local function told(value)
      if type(value) == 'number' then return string.format('%.0f', value) end
      if type(value) == 'string' then return value end
      local list = {}
      for index, item in ipairs(value) do list[index] = told(item) end
      return list
    end
    return told({ cmsgpack.unpack(ARGV[1]) })`;
  return redis.eval(script, 0, packHeader(values));
}

function told(value: HeaderValue): unknown {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : value.map(told);
}

const integer = fc.oneof(
  fc.constantFrom(-1, 0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 300 });
const list = fc.array(fc.oneof(integer, ascii), { maxLength: 40 });

test('Redis reads from a header what was written into it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(integer, ascii, list), { maxLength: 16 }), async (values) => {
      expect(await readByRedis(values)).toEqual(told(values));
    }),
    { numRuns: 100 },
  );
});

test('a header that is larger than any before is written whole', async () => {
  const values = [Array.from({ length: 20_000 }, (_, index) => `field-${index}`)];
  expect(await readByRedis(values)).toEqual(values);
});
