import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { drainOnce } from '../../src/journal/drain-once.ts';
import { countOpenDeadLetters } from '../../src/ledger/dead-letters.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { countRows } from '../support/count-rows.ts';
import { createDrainStack, JOURNAL_KEY, type DrainStack } from '../support/drain-stack.ts';
import { journalFields, type JournalEvent } from '../support/journal-entry.ts';
import { withConnection } from '../support/template-database.ts';

let stack: DrainStack;
beforeEach(async () => {
  stack = await createDrainStack();
});
afterEach(async () => stack.close());

function event(id: string, more: Partial<JournalEvent> = {}): JournalEvent {
  return { id, at: '2023-11-16T10:00:00Z', ...more };
}

async function deadLetters(): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await stack.pool.query<Record<string, unknown>>(
    'select tenant, first_sequence, sequence, reason, entry from dead_letter order by sequence',
  );
  return rows;
}

describe('poison', () => {
  test('that only the database notices is found by halving and set aside alone', async () => {
    const events = Array.from({ length: 33 }, (_, index) => event(`event-${index + 1}`));
    events[20] = event('event-21', { tenant: 'globex', properties: { note: 'a\u0000b' } });
    await stack.append(events);
    expect(await drainOnce(stack)).toMatchObject({ drained: 33, rows: 32, setAside: 1, backlog: false });
    const [letter, ...others] = await deadLetters();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ tenant: 'globex', first_sequence: '21', sequence: '21' });
    expect(letter?.['reason']).toContain('unsupported Unicode escape sequence');
    expect(await countOpenDeadLetters(stack.pool, { tenant: 'globex', shard: 0 })).toBe(1);
    expect(await countOpenDeadLetters(stack.pool, { tenant: 'acme', shard: 0 })).toBe(0);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 32 });
    expect(await stack.redis.xlen(JOURNAL_KEY)).toBe(0);
  });

  test('whose properties are no UTF-8 is set aside alone, and found by the place where it stands', async () => {
    const events = Array.from({ length: 9 }, (_, index) =>
      event(`event-${index + 1}`, { properties: { note: 'plain' } }),
    );
    events[6] = event('event-7', { properties: { note: 'broken' } });
    const fields = journalFields(1, events);
    const broken = fields.map((field) => Buffer.from(field.toString('latin1').replace('broken', '\u00ff'), 'latin1'));
    await stack.redis.xadd(JOURNAL_KEY, '1-9', ...broken);
    expect(await drainOnce(stack)).toMatchObject({ drained: 9, rows: 8, setAside: 1, backlog: false });
    expect(await deadLetters()).toMatchObject([
      { tenant: 'acme', sequence: '7', reason: expect.stringContaining('invalid byte sequence') as string },
    ]);
    expect(await countRows(stack.pool, 'usage_event')).toBe(8);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 8 });
  });

  test('is kept as it came, whatever characters it has', async () => {
    await stack.append([event('nul\u0000id')]);
    await drainOnce(stack);
    const [letter] = await deadLetters();
    const entry = letter?.['entry'] as { encoding: string; text: string };
    const text = entry.encoding === 'utf8' ? entry.text : Buffer.from(entry.text, 'base64').toString('utf16le');
    expect(JSON.parse(text)).toMatchObject({ eventId: 'nul\u0000id', tenant: 'acme' });
  });

  test('that decoding notices leaves its neighbours in the entry unharmed', async () => {
    await stack.append([event('good-1'), event('bad', { quantity: '-1' }), event('good-2', { timeZone: 'UTC' })]);
    await stack.append([event('nowhere', { timeZone: 'Mars/Olympus' })]);
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, setAside: 2, position: { epoch: 1, sequence: 4 } });
    expect(await deadLetters()).toMatchObject([
      { tenant: 'acme', sequence: '2', reason: `the event's quantity is no plain decimal: "-1"` },
      { tenant: 'acme', sequence: '4', reason: expect.stringContaining('Mars/Olympus') as string },
    ]);
  });

  test('that is a whole entry bars every tenant of its shard from being billed', async () => {
    await stack.append([event('good-1')]);
    await stack.redis.xadd(JOURNAL_KEY, '1-4', 'f', '99', 'e', Buffer.from([0xff, 0x00]));
    const after = [event('good-2')];
    await stack.redis.xadd(JOURNAL_KEY, '1-5', ...journalFields(5, after));
    expect(await drainOnce(stack)).toMatchObject({ rows: 2, setAside: 1, position: { epoch: 1, sequence: 5 } });
    expect(await deadLetters()).toMatchObject([
      {
        tenant: null,
        first_sequence: '2',
        sequence: '4',
        reason: 'the entry cannot be read: format version 99 is not 1',
      },
    ]);
    expect(await countOpenDeadLetters(stack.pool, { tenant: 'anybody', shard: 0 })).toBe(1);
    expect(await countOpenDeadLetters(stack.pool, { tenant: 'anybody', shard: 1 })).toBe(0);
  });

  test('is an event whose period is sealed when its tenant has no open one', async () => {
    await stack.pool.query(`
insert into tenant (id, name, currency, time_zone, billing_start, period_length, late_window_seconds, tax_rates,
  payment_terms_days, bill_to, buyer)
values ('acme', 'Acme', 'USD', 'UTC', '2023-11-01', 'month', 0, '[]', 14, 'acme', '{}')`);
    await stack.pool.query(`
insert into billing_period (tenant, period_start, period_end, ordinal, sealed_gate_version, sealed_epoch, sealed_sequence)
values ('acme', '2023-11-01', '2023-12-01', 0, 2, 1, 1)`);
    await stack.append([event('in-time'), event('too-late')]);
    expect(await drainOnce(stack)).toMatchObject({ rows: 1, setAside: 1 });
    expect(await deadLetters()).toMatchObject([{ tenant: 'acme', sequence: '2' }]);
  });
});

test('a fault of the database is thrown, not set aside', async () => {
  await stack.append([event('a')]);
  await asOwner('revoke insert on usage_hourly from tollkeeper_app');
  await expect(drainOnce(stack)).rejects.toThrow('permission denied for table usage_hourly');
  expect(await countRows(stack.pool, 'usage_event')).toBe(0);
  expect(await countRows(stack.pool, 'dead_letter')).toBe(0);
  await asOwner('grant insert on usage_hourly to tollkeeper_app');
  expect(await drainOnce(stack)).toMatchObject({ rows: 1, setAside: 0 });
});

async function asOwner(statement: string): Promise<void> {
  await withConnection(stack.databaseUrl, (client) => client.query(statement));
}
