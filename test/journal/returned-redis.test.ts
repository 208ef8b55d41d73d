import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { drainAll } from '../../src/journal/drain-until.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { journalKey, shardKey } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

let server: OwnTestRedis;
let stack: IngestStack;
let key: string;

beforeEach(async () => {
  server = await createTestRedis({ own: true });
  stack = await createIngestStack({
    now: '2026-11-20T10:30:15Z',
    yaml: YAML,
    shardCount: 1,
    redisUrl: server.redisUrl,
  });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(async () => {
  await stack.close();
  await server.drop();
});

type Copy = readonly (readonly [key: string, value: Buffer])[];

/** Everything that Redis holds, as an older copy of its files would. */
async function copyRedis(): Promise<Copy> {
  const keys = await stack.redis.keys('*');
  return Promise.all(keys.map(async (name) => [name, await stack.redis.dumpBuffer(name)] as const));
}

/** Puts a copy in the place of what Redis holds. Connections break, as when a server is started on other files. */
async function restoreRedis(copy: Copy): Promise<void> {
  await stack.redis.flushall();
  for (const [name, value] of copy) await stack.redis.restore(name, 0, value);
  stack.meter.shards.forEach((shard) => (shard.epoch = undefined));
}

/** Sends the events `call-<from>` to `call-<to>`, each of one call, one request each. */
async function send(from: number, to: number): Promise<string[]> {
  const outcomes: string[] = [];
  for (let number = from; number <= to; number += 1) {
    const event = { id: `call-${number}`, tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:20:00Z' };
    const [result] = await stack.send(key, [event]);
    outcomes.push(result?.outcome ?? 'none');
  }
  return [...new Set(outcomes)];
}

async function drain(): Promise<void> {
  await drainAll(stack.drainContext(0), { timeoutMs: 60_000 });
}

/** What the ledger has, and what the counters say. */
async function totals(): Promise<[string, string]> {
  const sums = await sumUsage(stack.pool, { tenant: 'acme', accountingPeriod: requireInstant(NOVEMBER) });
  const counters = await readCounters(stack.meter, 'acme', NOVEMBER);
  return [sums.find(({ meter }) => meter === 'calls')?.quantity ?? '0', counters.get('calls') ?? '0'];
}

async function incidents(): Promise<unknown[]> {
  return (await stack.pool.query('select kind, details from incident order by id')).rows;
}

const LOSS_OF_THE_LAST_FIVE = {
  kind: 'journal_loss',
  details: { epoch: 1, firstSequence: 21, lastSequence: 25 },
};

describe('a Redis that went back', () => {
  test('to an older copy is not believed: what was answered and is gone is named, all else is in ledger and counters', async () => {
    await send(1, 10);
    await drain();
    const copy = await copyRedis();
    await send(11, 20);
    await drain();
    await send(21, 25);
    await restoreRedis(copy);
    expect(await send(26, 30)).toEqual(['accepted']);
    expect(await incidents()).toEqual([LOSS_OF_THE_LAST_FIVE]);
    await drain();
    expect(await totals()).toEqual(['25', '25']);
    // Ids that the copy does not know are refused by the ledger; what was lost is taken.
    await send(1, 30);
    await drain();
    expect(await totals()).toEqual(['30', '30']);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 30 });
  });

  test('to a copy with events that wait still has them drained', async () => {
    await send(1, 10);
    const copy = await copyRedis();
    await send(11, 12);
    await restoreRedis(copy);
    await send(13, 13);
    await drain();
    expect(await totals()).toEqual(['11', '11']);
    const details = { epoch: 1, firstSequence: 11, lastSequence: 12 };
    expect(await incidents()).toEqual([{ kind: 'journal_loss', details }]);
  });

  test('to a state that the ledger cannot tell from its own is found by who was answered more', async () => {
    await send(1, 10);
    await drain();
    await send(11, 11);
    const copy = await copyRedis();
    await send(12, 14);
    await restoreRedis(copy);
    await send(15, 15);
    await drain();
    expect(await totals()).toEqual(['12', '12']);
    const details = { epoch: 1, firstSequence: 12, lastSequence: 14 };
    expect(await incidents()).toEqual([{ kind: 'journal_loss', details }]);
  });

  test('and comes back after another one stood in for it: what waits in it is brought into the next epoch', async () => {
    await send(1, 10);
    await drain();
    await send(11, 20);
    const first = await copyRedis();
    await stack.redis.flushall();
    await send(31, 35);
    await drain();
    expect(await totals()).toEqual(['15', '15']);
    await restoreRedis(first);
    expect(await send(36, 36)).toEqual(['accepted']);
    await drain();
    expect(await totals()).toEqual(['26', '26']);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 26 });
    const loss = { epoch: 1, firstSequence: 11, lastSequence: 20 };
    const rescue = { epoch: 1, firstSequence: 11, rescuedAs: '3-1', rescuedThrough: '3-10' };
    expect(await incidents()).toEqual([
      { kind: 'journal_loss', details: loss },
      { kind: 'journal_rescued', details: rescue },
    ]);
  });

  test('without its journal alone has what waited named, and its senders can send it again', async () => {
    await send(1, 10);
    await drain();
    await send(11, 15);
    await stack.redis.del(journalKey(0));
    await send(16, 17);
    await drain();
    expect((await totals())[0]).toBe('12');
    const details = { ledger: '1-10', journal: '1-16', firstMissing: '1-11', lastMissing: '1-15' };
    expect(await incidents()).toEqual([{ kind: 'journal_gap', details }]);
    expect(await send(11, 15)).toEqual(['accepted']);
    await drain();
    expect(await totals()).toEqual(['17', '17']);
  });

  test('without journal and traffic has its loss named by its own record with the next verification', async () => {
    await send(1, 10);
    await drain();
    await send(11, 15);
    await stack.redis.del(journalKey(0));
    await stack.redis.hset(shardKey(0), 'state', 'fenced');
    await send(16, 16);
    await drain();
    expect(await totals()).toEqual(['11', '11']);
    const details = { epoch: 1, firstSequence: 11, lastSequence: 15 };
    expect(await incidents()).toEqual([{ kind: 'journal_loss', details }]);
  });

  test('or lost single counters and gates has them rebuilt', async () => {
    await send(1, 10);
    await drain();
    for (const pattern of ['*:use:*', '*:gate:*', '*:ids:*']) {
      for (const name of await stack.redis.keys(pattern)) await stack.redis.del(name);
      await send(11, 11);
      await drain();
    }
    expect((await totals())[0]).toBe('11');
  });
});
