import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { drainAll } from '../../src/journal/drain-until.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { setStrictIds } from '../../src/ledger/strict-ids.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { idsKey } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { countRows } from '../support/count-rows.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
  - { id: globex, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;
const [TEN, ELEVEN] = ['2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z'];

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T11:30:15Z', yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(
  ...events: readonly (readonly [id: string, occurredAt: string, tenant?: string])[]
): Promise<string[]> {
  const results = await stack.send(
    key,
    events.map(([id, occurredAt, tenant = 'acme']) => ({ id, tenant, type: 'calls', occurredAt })),
  );
  return results.map(({ outcome }) => outcome);
}

/** The dedup window has passed: Redis remembers no id. */
async function forgetIds(): Promise<void> {
  await stack.redis.del(idsKey(0, 0), idsKey(0, 1));
}

async function drain(): Promise<void> {
  await drainAll(stack.drainContext(0), { timeoutMs: 60_000 });
}

/** What the ledger has of acme, and what its counters say. */
async function totals(): Promise<[string, string]> {
  const sums = await sumUsage(stack.pool, { tenant: 'acme', accountingPeriod: requireInstant(NOVEMBER) });
  const counters = await readCounters(stack.meter, 'acme', NOVEMBER);
  return [sums.find(({ meter }) => meter === 'calls')?.quantity ?? '0', counters.get('calls') ?? '0'];
}

async function refused(): Promise<unknown[]> {
  return (await stack.pool.query('select same_content from refused_duplicate order by sequence')).rows;
}

describe('an id that is sent again behind the dedup window', () => {
  test('with another time is another event, unless the installation is strict', async () => {
    await send(['a', TEN]);
    await drain();
    await forgetIds();
    expect(await send(['a', ELEVEN])).toEqual(['accepted']);
    await drain();
    expect(await totals()).toEqual(['2', '2']);
    expect(await countRows(stack.pool, 'event_identity')).toBe(0);
  });

  test('with another time is refused under strictIds as another content, and the counters give it back', async () => {
    expect(await setStrictIds(stack.pool, true)).toBe(0);
    await send(['a', TEN]);
    await drain();
    await forgetIds();
    expect(await send(['a', ELEVEN], ['a', TEN], ['b', TEN])).toEqual(['accepted', 'conflict', 'accepted']);
    await drain();
    expect(await totals()).toEqual(['2', '2']);
    expect(await refused()).toEqual([{ same_content: false }]);
  });

  test('with the same time is refused, strict or not', async () => {
    for (const isStrict of [false, true]) {
      await setStrictIds(stack.pool, isStrict);
      await send(['a', TEN]);
      await drain();
      await forgetIds();
      await send(['a', TEN]);
      await drain();
      expect(await totals()).toEqual(['1', '1']);
    }
    expect(await refused()).toEqual([{ same_content: true }, { same_content: true }]);
  });

  test('of another tenant is no duplicate', async () => {
    await setStrictIds(stack.pool, true);
    await send(['a', TEN], ['a', TEN, 'globex']);
    await drain();
    expect(await countRows(stack.pool, 'event_identity')).toBe(2);
    expect((await totals())[0]).toBe('1');
  });

  test('is taken once, the first, when both times come in one batch of the journal', async () => {
    await setStrictIds(stack.pool, true);
    await send(['a', ELEVEN]);
    await forgetIds();
    await send(['a', TEN]);
    await drain();
    expect(await totals()).toEqual(['1', '1']);
    const { rows } = await stack.pool.query('select occurred_at = $1::timestamptz as first from usage_event', [ELEVEN]);
    expect(rows).toEqual([{ first: true }]);
  });
});

describe('turning strictIds on', () => {
  test('enters the ids that are there, the earliest event of each, once', async () => {
    await send(['a', TEN], ['b', TEN]);
    await drain();
    await forgetIds();
    await send(['a', ELEVEN]);
    await drain();
    expect(await setStrictIds(stack.pool, true)).toBe(2);
    expect(await setStrictIds(stack.pool, true)).toBe(0);
    await forgetIds();
    await send(['b', ELEVEN]);
    await drain();
    expect(await totals()).toEqual(['3', '3']);
  });

  test('enters what came while it was off', async () => {
    await setStrictIds(stack.pool, true);
    await setStrictIds(stack.pool, false);
    await send(['a', TEN]);
    await drain();
    expect(await setStrictIds(stack.pool, true)).toBe(1);
  });
});

test('backfill is told of an id that the ledger has of another time, under strictIds alone', async () => {
  const backfill = await stack.createKey('backfill', ['ingest', 'ingest:backfill']);
  const again = { id: 'a', tenant: 'acme', type: 'calls', occurredAt: ELEVEN };
  await send(['a', TEN]);
  await drain();
  await forgetIds();
  await setStrictIds(stack.pool, true);
  expect((await stack.send(backfill, [again]))[0]?.outcome).toBe('conflict');
  await setStrictIds(stack.pool, false);
  expect((await stack.send(backfill, [again]))[0]?.outcome).toBe('accepted');
});
