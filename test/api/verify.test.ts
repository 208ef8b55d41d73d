import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { shardOf, usageKey } from '../../src/meter/keys.ts';
import { cliFolder, type CliFolder } from '../cli/cli-runs.ts';
import { CATALOGUE, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const SHARDS = 2;

let bench: ApiBench;
let redis: Redis;
let folder: CliFolder;

beforeAll(async () => {
  bench = await openApiBench();
  redis = new Redis(bench.redisUrl);
  folder = cliFolder();
  await bench.apply(CATALOGUE);
});

afterAll(async () => {
  folder.remove();
  redis.disconnect();
  await bench.close();
});

let number = 0;

beforeEach(async () => {
  number += 1;
  const occurredAt = '2026-11-20T10:00:00Z';
  const event = { id: `event-${number}`, tenant: 'acme', type: 'calls', quantity: 2, occurredAt };
  const { body } = await bench.call('POST', '/v1/events', { body: event });
  expect(body.results[0].outcome).toBe('accepted');
});

const counter = usageKey(shardOf('acme', SHARDS), 'acme', NOVEMBER);

function run(...words: string[]) {
  const environment = { TOLLKEEPER_URL: bench.url, TOLLKEEPER_API_KEY: bench.adminKey };
  return folder.run(['verify', ...words], environment);
}

async function whileMoved<T>(work: () => Promise<T>): Promise<T> {
  await redis.hincrby(counter, 'calls', 3);
  try {
    return await work();
  } finally {
    await redis.hincrby(counter, 'calls', -3);
  }
}

describe('tollkeeper verify counters', () => {
  test('ends with 0 while counters, journal and ledger agree, and says how much it compared', async () => {
    const undrained = await run('counters');
    expect(undrained).toMatchObject({ exitCode: 0, out: expect.stringContaining('agree') });
    await bench.drain();
    const { exitCode, out, err } = await run('counters', '--json');
    expect({ exitCode, ...JSON.parse(out) }).toEqual({
      exitCode: 0,
      isEqual: true,
      tenants: 2,
      compared: 1,
      voidTenants: 1,
      differences: 0,
      data: [],
    });
    expect(err).toBe('2 tenants, 1 counters compared\n');
  });

  test('ends with 1 and names the counter that somebody moved', async () => {
    await bench.drain();
    const { exitCode, out } = await whileMoved(() => run('counters', '--json', '--tenant', 'acme'));
    const [raw, moved] = [String(2 * number), String(2 * number + 3)];
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      isEqual: false,
      differences: 1,
      data: [
        {
          tenant: 'acme',
          period: NOVEMBER,
          usagePeriod: NOVEMBER,
          meter: 'calls',
          figure: 'quantity',
          counter: moved,
          journal: '0',
          rollup: raw,
          dailyRollup: raw,
          raw,
          setAside: '0',
          drift: '3',
          unreadable: 0,
        },
      ],
    });
    const table = await whileMoved(() => run('counters'));
    expect(table).toMatchObject({ exitCode: 1, out: expect.stringMatching(/acme .* calls .* 3\s/) });
  });

  test('ends with 2 when nothing can be said', async () => {
    const environment = { TOLLKEEPER_URL: 'http://127.0.0.1:1', TOLLKEEPER_API_KEY: bench.adminKey };
    const unreachable = await folder.run(['verify', 'counters'], environment);
    expect(unreachable).toMatchObject({ exitCode: 2, err: expect.stringContaining('could not be checked') });
    expect(await run('counters', '--tenant', 'nobody')).toMatchObject({ exitCode: 2 });
    const shard = `tk:{s0${shardOf('acme', SHARDS)}}:shard`;
    const sequence = await redis.hget(shard, 'sequence');
    await redis.hset(shard, 'sequence', '0');
    const wentBack = await run('counters');
    await redis.hset(shard, 'sequence', sequence ?? '');
    expect(wentBack).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('could not be checked') });
  });
});

describe('tollkeeper verify ledger', () => {
  test('ends with 0 on whole chains, and with 1 and the place where one is broken', async () => {
    await bench.drain();
    const { exitCode, out } = await run('ledger', '--json');
    const whole = JSON.parse(out);
    expect({ exitCode, ...whole }).toMatchObject({ exitCode: 0, isWhole: true, rows: number });
    expect(whole.data.map(({ shard }: { shard: number }) => shard)).toEqual([0, 1]);
    const shard = String(shardOf('acme', SHARDS));
    expect((await run('ledger', '--shard', shard)).out).toContain('whole');
    await bench.pool.query(
      'update journal_position set chain_digest = sha256(chain_digest) where shard = $1::smallint',
      [Number(shard)],
    );
    const broken = await run('ledger');
    expect(broken).toMatchObject({ exitCode: 1, out: expect.stringContaining('not the tip of the position row') });
    expect(await run('ledger', '--shard', '7')).toMatchObject({ exitCode: 2 });
  });
});

describe('POST /v1/verify', () => {
  test('is for unbound admin keys, and tells its lines as newline-delimited JSON', async () => {
    const reader = await bench.makeKey(['read']);
    const bound = await bench.makeKey(['admin'], 'acme');
    expect((await bench.call('POST', '/v1/verify/counters', { key: reader })).status).toBe(403);
    expect((await bench.call('POST', '/v1/verify/ledger', { key: bound })).status).toBe(403);
    expect((await bench.call('POST', '/v1/verify/counters', { body: { tenants: 1 } })).status).toBe(400);
    const { status, headers, text } = await bench.call('POST', '/v1/verify/counters', { body: { tenant: 'acme' } });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const lines = text.split('\n').filter((line) => line !== '');
    expect(lines.map((line) => Object.keys(JSON.parse(line)).join())).toEqual(['progress', 'result']);
  });
});
