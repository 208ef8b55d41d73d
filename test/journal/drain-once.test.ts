import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { drainOnce } from '../../src/journal/drain-once.ts';
import { JournalDrain } from '../../src/journal/journal-drain.ts';
import { readPosition } from '../../src/ledger/journal-position.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { sumRawUsage } from '../../src/ledger/sum-raw-usage.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { countRows } from '../support/count-rows.ts';
import { addMeters, addTenant, createDrainStack, JOURNAL_KEY, type DrainStack } from '../support/drain-stack.ts';
import { appendJournalEntry, PERIOD_START, REQUESTS, TOKENS, type JournalEvent } from '../support/journal-entry.ts';

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
  await addMeters(stack.pool, [REQUESTS, TOKENS]);
  await stack.pool.query("select ensure_event_partitions('2023-11-01', '2023-12-01')");
});
afterEach(async () => stack.close());

const ACCOUNTING = { tenant: 'acme', accountingPeriod: requireInstant(PERIOD_START) };

/** Events `from` to `to`, a second apart, each with some tokens. */
function someEvents(from: number, to: number): JournalEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const at = `2023-11-16T10:${String(Math.floor((from + index) / 60) % 60).padStart(2, '0')}:${String((from + index) % 60).padStart(2, '0')}Z`;
    return {
      id: `event-${from + index}`,
      at,
      readings: [
        [REQUESTS, '1'],
        [TOKENS, '0.125'],
      ],
    };
  });
}

async function quantities(): Promise<Record<string, string>> {
  const sums = await sumUsage(stack.pool, ACCOUNTING);
  expect(await sumRawUsage(stack.pool, ACCOUNTING)).toEqual(sums);
  return Object.fromEntries(sums.map(({ meter, quantity }) => [meter, quantity]));
}

describe('a drained batch', () => {
  test('is in rows, rollups, position and chain, and gone from the journal', async () => {
    await stack.append(someEvents(1, 3));
    await stack.append(someEvents(4, 5));
    const result = await drainOnce(stack);
    expect(result).toEqual({
      drained: 5,
      rows: 5,
      refused: 0,
      setAside: 0,
      position: { epoch: 1, sequence: 5 },
      backlog: false,
    });
    expect(await quantities()).toEqual({ requests: '5', tokens: '0.625' });
    expect(await readPosition(stack.pool, 0)).toMatchObject({ epoch: 1, sequence: 5 });
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, links: 1, rows: 5 });
    expect(await stack.redis.xlen(JOURNAL_KEY)).toBe(0);
  });

  test('leaves events out that the script did not accept', async () => {
    await stack.append([
      { id: 'a', at: '2023-11-16T10:00:00Z' },
      { id: 'b', at: '2023-11-16T10:00:01Z', outcome: 'D' },
      { id: 'c', at: '2023-11-16T10:00:02Z', outcome: 'L' },
      { id: 'd', at: '2023-11-16T10:00:03Z' },
    ]);
    await drainOnce(stack);
    const { rows } = await stack.pool.query('select event_id, sequence from usage_event order by sequence');
    expect(rows).toEqual([
      { event_id: 'a', sequence: '1' },
      { event_id: 'd', sequence: '2' },
    ]);
  });

  test('does nothing on an empty journal', async () => {
    expect(await drainOnce(stack)).toMatchObject({ drained: 0, position: { epoch: 0, sequence: 0 }, backlog: false });
  });

  test('is bounded, and says that more is waiting', async () => {
    for (let entry = 0; entry < 11; entry += 1)
      await stack.append(someEvents(entry * 1_000 + 1, entry * 1_000 + 1_000));
    const first = await drainOnce(stack);
    expect(first).toMatchObject({ rows: 10_000, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ rows: 1_000, backlog: false });
    expect(await quantities()).toEqual({ requests: '11000', tokens: '1375' });
  });

  test('takes single-event entries in pages of rising size', async () => {
    for (let sequence = 1; sequence <= 300; sequence += 1) await stack.append(someEvents(sequence, sequence));
    expect(await drainOnce(stack)).toMatchObject({ rows: 300, backlog: false });
  });

  test('counts every event once with many drains at a time', async () => {
    for (let entry = 0; entry < 40; entry += 1) await stack.append(someEvents(entry * 200 + 1, entry * 200 + 200));
    const drainer = async (): Promise<number> => {
      const drain = new JournalDrain(stack);
      let rows = 0;
      for (;;) {
        const result = await drain.next();
        rows += result.rows;
        if (!result.backlog) return rows;
      }
    };
    const rows = await Promise.all([drainer(), drainer(), drainer(), drainer()]);
    expect(rows.reduce((sum, each) => sum + each, 0)).toBe(8_000);
    expect(await quantities()).toEqual({ requests: '8000', tokens: '1000' });
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 8_000 });
  });

  test('is dropped when it was read ahead and another process was faster', async () => {
    for (let entry = 0; entry < 3; entry += 1) await stack.append(someEvents(entry * 6_000 + 1, entry * 6_000 + 6_000));
    const drain = new JournalDrain(stack);
    expect(await drain.next()).toMatchObject({ rows: 6_000, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ rows: 6_000 });
    expect(await drain.next()).toMatchObject({ rows: 0, position: { epoch: 1, sequence: 12_000 }, backlog: true });
    expect(await drain.next()).toMatchObject({ rows: 6_000, position: { epoch: 1, sequence: 18_000 }, backlog: false });
    expect(await quantities()).toEqual({ requests: '18000', tokens: '2250' });
  });

  test('makes a partition that is missing', async () => {
    await stack.append([{ id: 'a', at: '2024-02-29T23:59:59.999999Z' }]);
    expect(await drainOnce(stack)).toMatchObject({ rows: 1, setAside: 0 });
    const { rows } = await stack.pool.query('select tableoid::regclass::text as name from usage_event');
    expect(rows).toEqual([{ name: 'usage_event_2024_02' }]);
  });

  test('begins inside an entry when a part of it was drained before', async () => {
    await stack.append(someEvents(1, 4));
    await stack.pool.query('insert into journal_position (shard, epoch, sequence) values (0, 1, 2)');
    expect(await drainOnce(stack)).toMatchObject({ drained: 2, rows: 2, position: { epoch: 1, sequence: 4 } });
    const { rows } = await stack.pool.query('select event_id from usage_event order by sequence');
    expect(rows).toEqual([{ event_id: 'event-3' }, { event_id: 'event-4' }]);
  });

  test('goes on at 1 in a new epoch', async () => {
    await stack.append(someEvents(1, 3), 1);
    await drainOnce(stack);
    await stack.append(someEvents(4, 5), 2);
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, position: { epoch: 2, sequence: 2 } });
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, links: 2 });
  });

  test('never mixes two epochs in one link of the chain', async () => {
    await stack.append(someEvents(1, 3), 1);
    await stack.append(someEvents(4, 5), 2);
    expect(await drainOnce(stack)).toMatchObject({ rows: 3, position: { epoch: 1, sequence: 3 }, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, position: { epoch: 2, sequence: 2 }, backlog: false });
  });
});

describe('an id that the ledger already has', () => {
  test('is refused as a row, with whether its content is the same, and given to the trim', async () => {
    await stack.append(someEvents(1, 2));
    await drainOnce(stack);
    await stack.append([...someEvents(1, 1), { ...someEvents(2, 2)[0]!, quantity: '2' }, ...someEvents(3, 3)]);
    expect(await drainOnce(stack)).toMatchObject({ drained: 3, rows: 1, refused: 2 });
    const { rows } = await stack.pool.query('select sequence, same_content from refused_duplicate order by sequence');
    expect(rows).toEqual([
      { sequence: '3', same_content: true },
      { sequence: '4', same_content: false },
    ]);
    expect(await quantities()).toEqual({ requests: '3', tokens: '0.375' });
    expect(stack.trim.refused).toMatchObject([
      { epoch: 1, sequence: 3, tenant: 'acme', sameContent: true },
      { epoch: 1, sequence: 4, sameContent: false },
    ]);
    expect(stack.trim.refused[0]?.counterChanges).toEqual([
      ['requests', '1', 'count'],
      ['tokens', '125', 'sum'],
    ]);
  });

  test('is refused within one batch too: the first accepted is kept', async () => {
    await stack.append([...someEvents(1, 1), ...someEvents(1, 1)]);
    expect(await drainOnce(stack)).toMatchObject({ rows: 1, refused: 1 });
    const { rows } = await stack.pool.query('select sequence from usage_event');
    expect(rows).toEqual([{ sequence: '1' }]);
  });

  test('is taken back once, also when the process ended between commit and trim', async () => {
    await stack.append(someEvents(1, 1));
    await stack.append(someEvents(1, 1));
    stack.trim.failure = new Error('killed before the trim');
    await expect(drainOnce(stack)).rejects.toThrow('killed before the trim');
    expect(await readPosition(stack.pool, 0)).toMatchObject({ sequence: 2 });
    stack.trim.failure = undefined;
    await drainOnce(stack);
    await drainOnce(stack);
    expect(stack.trim.refused.map(({ sequence }) => sequence)).toEqual([2]);
    expect(stack.trim.trimmed).toEqual({ epoch: 1, sequence: 2 });
  });
});

describe('a journal that does not go on where the ledger stands', () => {
  test('is an incident that names what is missing, and the ledger goes on behind it', async () => {
    await stack.append(someEvents(1, 2));
    await drainOnce(stack);
    await appendJournalEntry(stack.redis, JOURNAL_KEY, { epoch: 1, firstSequence: 5, events: someEvents(5, 6) });
    expect(await drainOnce(stack)).toMatchObject({ drained: 0, position: { epoch: 1, sequence: 4 }, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, position: { epoch: 1, sequence: 6 }, backlog: false });
    const { rows } = await stack.pool.query('select kind, shard, details from incident');
    const details = { ledger: '1-2', journal: '1-5', firstMissing: '1-3', lastMissing: '1-4' };
    expect(rows).toEqual([{ kind: 'journal_gap', shard: 0, details }]);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, links: 3, rows: 4 });
    // The counters hold what the ledger will never have: only a new epoch makes them agree.
    expect(stack.trim.closings).toBe(1);
  });

  test('is drained up to a gap between two entries', async () => {
    await stack.append(someEvents(1, 2));
    await appendJournalEntry(stack.redis, JOURNAL_KEY, { epoch: 1, firstSequence: 4, events: someEvents(4, 4) });
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ position: { epoch: 1, sequence: 3 }, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ rows: 1, backlog: false });
  });

  test('names the end of an epoch that was cut, although the next one begins where it should', async () => {
    await stack.append(someEvents(1, 2));
    await drainOnce(stack);
    stack.trim.keptFrom = { epoch: 1, sequence: 8 };
    await stack.append(someEvents(8, 9), 2);
    expect(await drainOnce(stack)).toMatchObject({ position: { epoch: 1, sequence: 7 }, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, position: { epoch: 2, sequence: 2 } });
    const { rows } = await stack.pool.query('select details from incident');
    const details = { ledger: '1-2', journal: '2-1', firstMissing: '1-3', lastMissing: '1-7' };
    expect(rows).toEqual([{ details }]);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true });
  });

  test('names what was cut also where nothing follows', async () => {
    await stack.append(someEvents(1, 2));
    await drainOnce(stack);
    stack.trim.keptFrom = { epoch: 1, sequence: 4 };
    expect(await drainOnce(stack)).toMatchObject({ position: { epoch: 1, sequence: 3 }, backlog: true });
    expect(await drainOnce(stack)).toMatchObject({ drained: 0, backlog: false });
    expect(await countRows(stack.pool, 'incident')).toBe(1);
  });

  test('is named once by many drains at a time', async () => {
    await appendJournalEntry(stack.redis, JOURNAL_KEY, { epoch: 1, firstSequence: 5, events: someEvents(5, 6) });
    await Promise.all(Array.from({ length: 6 }, () => drainOnce(stack)));
    expect(await countRows(stack.pool, 'incident')).toBe(1);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true });
  });
});

test('a ledger below what it has confirmed was restored: that is named once, and the shard is closed', async () => {
  await stack.append(someEvents(1, 4));
  stack.trim.trimmed = { epoch: 1, sequence: 9 };
  await drainOnce(stack);
  await drainOnce(stack);
  const { rows } = await stack.pool.query('select kind, details from incident');
  expect(rows).toEqual([{ kind: 'ledger_restored', details: { confirmed: '1-9' } }]);
  expect(stack.trim.closings).toBeGreaterThan(0);
});

test('late usage is booked to the open period when its own was sealed below its position', async () => {
  await addTenant(stack.pool, 'acme');
  await stack.pool.query(`
insert into billing_period (tenant, period_start, period_end, ordinal, sealed_gate_version, sealed_epoch, sealed_sequence)
values ('acme', '2023-11-01', '2023-12-01', 0, 2, 1, 2), ('acme', '2023-12-01', '2024-01-01', 1, null, null, null)`);
  await stack.append(someEvents(1, 3));
  await drainOnce(stack);
  const { rows } = await stack.pool.query(
    'select sequence, accounting_period::text, usage_period::text from usage_event order by sequence',
  );
  const november = '2023-11-01 00:00:00+00';
  expect(rows).toEqual([
    { sequence: '1', accounting_period: november, usage_period: november },
    { sequence: '2', accounting_period: november, usage_period: november },
    { sequence: '3', accounting_period: '2023-12-01 00:00:00+00', usage_period: november },
  ]);
  const december = await sumUsage(stack.pool, {
    tenant: 'acme',
    accountingPeriod: requireInstant('2023-12-01T00:00:00Z'),
  });
  expect(december).toMatchObject([
    { usagePeriodMicros: requireInstant(PERIOD_START), meter: 'requests', quantity: '1' },
    { meter: 'tokens', quantity: '0.125' },
  ]);
  expect(await countRows(stack.pool, "incident where kind = 'sealed_period_booking'")).toBe(1);
});
