import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { shardKey } from '../../src/meter/keys.ts';
import { nodeServing } from '../../src/meter/meter-connection.ts';
import { writeTogether } from '../../src/meter/redis-connection.ts';
import { createMeterBench, type MeterBench } from './meter-bench.ts';

let bench: MeterBench;

beforeEach(async () => {
  bench = await createMeterBench();
});
afterEach(() => bench.close());

function pingTogether(): Promise<string> {
  writeTogether(bench.meter.redis);
  return bench.meter.redis.ping();
}

test('commands of one turn of the event loop leave in one write, and those of the next in another', async () => {
  const { stream } = nodeServing(bench.meter.redis, shardKey(0));
  const cork = vi.spyOn(stream, 'cork');
  const uncork = vi.spyOn(stream, 'uncork');
  expect(await Promise.all([pingTogether(), pingTogether(), pingTogether()])).toEqual(['PONG', 'PONG', 'PONG']);
  expect([cork.mock.calls.length, uncork.mock.calls.length]).toEqual([1, 1]);
  expect(await pingTogether()).toBe('PONG');
  expect([cork.mock.calls.length, uncork.mock.calls.length]).toEqual([2, 2]);
});

test('a connection that is away is left alone', () => {
  bench.meter.redis.disconnect();
  expect(() => writeTogether(bench.meter.redis)).not.toThrow();
});
