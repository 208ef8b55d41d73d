import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';

import { drainAll } from '../../src/journal/drain-until.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { sumUsage } from '../../src/ledger/sum-usage.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { advanceGate } from '../../src/meter/advance-gate.ts';
import { shardKey } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import type { JournalRetention } from '../../src/meter/trim-journal.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { withConnection } from '../support/template-database.ts';

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
const LONG: JournalRetention = { ageMs: 3_600_000, bytes: 64_000_000 };

let stack: IngestStack;
let key: string;
let backup: string | undefined;

async function open(journalRetention?: JournalRetention): Promise<void> {
  stack = await createIngestStack({
    now: '2026-11-20T10:30:15Z',
    yaml: YAML,
    shardCount: 1,
    ...(journalRetention === undefined ? {} : { journalRetention }),
  });
  key = await stack.createKey('write', ['ingest']);
}

beforeEach(() => {
  backup = undefined;
});
afterEach(async () => {
  await stack.close();
  const left = backup;
  if (left !== undefined) {
    await withConnection(inject('databaseUrl'), (client) => client.query(`drop database if exists ${left}`));
  }
});

async function databaseName(): Promise<string> {
  const { rows } = await stack.pool.query<{ name: string }>('select current_database() as name');
  return rows[0]?.name ?? '';
}

/** Copies the database as it is now, byte for byte. Sessions of the program are cut, as by a server that stops. */
async function backUp(): Promise<void> {
  const name = await databaseName();
  const copy = `${name}_backup`;
  await withConnection(inject('databaseUrl'), async (client) => {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1::text', [name]);
    await client.query(`create database ${copy} template ${name}`);
  });
  backup = copy;
}

/** Puts the copy in the place of the database. */
async function restore(): Promise<void> {
  const name = await databaseName();
  await withConnection(inject('databaseUrl'), async (client) => {
    await client.query(`drop database ${name} with (force)`);
    await client.query(`create database ${name} template ${backup ?? ''}`);
  });
  await stack.catalogue.reload();
}

/** Sends the events `call-<from>` to `call-<to>`, each of one call, one request each. */
async function send(from: number, to: number): Promise<string[]> {
  const outcomes: string[] = [];
  for (let number = from; number <= to; number += 1) {
    const second = String(number % 60).padStart(2, '0');
    const event = { id: `call-${number}`, tenant: 'acme', type: 'calls', occurredAt: `2026-11-20T10:20:${second}Z` };
    const [result] = await stack.send(key, [event]);
    outcomes.push(result?.outcome ?? 'none');
  }
  return [...new Set(outcomes)];
}

async function drain(): Promise<void> {
  await drainAll(stack.drainContext(0), { timeoutMs: 60_000 });
}

async function inLedger(): Promise<string> {
  const sums = await sumUsage(stack.pool, { tenant: 'acme', accountingPeriod: requireInstant(NOVEMBER) });
  return sums.find(({ meter }) => meter === 'calls')?.quantity ?? '0';
}

async function inCounters(): Promise<string> {
  return (await readCounters(stack.meter, 'acme', NOVEMBER)).get('calls') ?? '0';
}

async function incidents(): Promise<unknown[]> {
  return (await stack.pool.query('select kind, details from incident order by id')).rows;
}

describe('a database that is restored from an older backup', () => {
  test('is drained again: everything that was acknowledged is in the ledger, once', async () => {
    await open(LONG);
    expect(await send(1, 10)).toEqual(['accepted']);
    await drain();
    await backUp();
    await send(11, 20);
    await drain();
    await send(21, 25);
    await restore();
    expect(await inLedger()).toBe('10');
    await drain();
    expect(await inLedger()).toBe('25');
    expect(await send(1, 25)).toEqual(['duplicate']);
    expect(await send(26, 30)).toEqual(['accepted']);
    await drain();
    expect([await inLedger(), await inCounters()]).toEqual(['30', '30']);
    expect(await incidents()).toEqual([{ kind: 'ledger_restored', details: { confirmed: '1-20' } }]);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 30 });
    expect(await stack.redis.hget(shardKey(0), 'epoch')).toBe('2');
  });

  test('is found by the next event, also when nobody drained before', async () => {
    await open(LONG);
    await send(1, 10);
    await drain();
    await backUp();
    await send(11, 20);
    await drain();
    await restore();
    stack.meter.shards.forEach((shard) => (shard.epoch = undefined));
    expect(await send(21, 22)).toEqual(['accepted']);
    await drain();
    expect([await inLedger(), await inCounters()]).toEqual(['22', '22']);
  });

  test('names exactly what the journal does not hold any more, lacks nothing else, and takes it when it is sent again', async () => {
    await open();
    await send(1, 10);
    await drain();
    await backUp();
    await send(11, 20);
    await drain();
    await send(21, 25);
    await restore();
    await drain();
    expect(await inLedger()).toBe('15');
    const missing = { ledger: '1-10', journal: '1-21', firstMissing: '1-11', lastMissing: '1-20' };
    expect(await incidents()).toEqual([
      { kind: 'ledger_restored', details: { confirmed: '1-20' } },
      { kind: 'journal_gap', details: missing },
    ]);
    expect(await send(26, 30)).toEqual(['accepted']);
    await drain();
    expect([await inLedger(), await inCounters()]).toEqual(['20', '20']);
    // The senders still know what was lost. What the ledger has, it refuses whatever Redis has forgotten.
    expect(await send(1, 25)).toEqual(['accepted']);
    await drain();
    expect([await inLedger(), await inCounters()]).toEqual(['30', '30']);
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 30 });
  });

  test('goes on although Redis has a gate and a catalogue of the time that is gone', async () => {
    await open(LONG);
    await send(1, 5);
    await drain();
    await backUp();
    const seal = await inTransaction(stack.pool, (client) =>
      sealPeriod(client, { tenant: 'acme', periodStart: requireInstant('2026-10-01T00:00:00Z') }),
    );
    await advanceGate(stack.meter, 'acme', { version: seal.gateVersion, sealedMicros: seal.sealedThroughMicros });
    await stack.apply(YAML.replace('1.00', '2.00'));
    expect(await send(6, 7)).toEqual(['accepted']);
    await restore();
    expect(await send(8, 9)).toEqual(['accepted']);
    await drain();
    expect([await inLedger(), await inCounters()]).toEqual(['9', '9']);
    expect((await incidents()).map((row) => (row as { kind: string }).kind)).toContain('ledger_restored');
  });

  test('whose epoch is behind that of Redis is given one that is above both', async () => {
    await open(LONG);
    await send(1, 5);
    await drain();
    await backUp();
    await stack.redis.hset(shardKey(0), 'state', 'fenced');
    await send(6, 10);
    await drain();
    await restore();
    stack.meter.shards.forEach((shard) => (shard.epoch = undefined));
    expect(await send(11, 12)).toEqual(['accepted']);
    await drain();
    expect([await inLedger(), await inCounters()]).toEqual(['12', '12']);
    expect(await stack.redis.hget(shardKey(0), 'epoch')).toBe('3');
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 12 });
  });
});
