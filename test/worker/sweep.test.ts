import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../src/domain/instant.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { saveCheckpoint } from '../../src/ledger/checkpoints.ts';
import { Sweep } from '../../worker/sweep.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from '../invoice/invoice-database.ts';
import { NOW, sampleDraft, saveAndIssue, TENANT } from '../invoice/sample-invoice.ts';

const DAYS_UNTIL_DUE = 30;
const nothing = (): Promise<void> => Promise.resolve();

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openInvoiceDatabase();
  pool = database.pool;
});

afterAll(async () => {
  await database.close();
});

/** Runs one round at an instant and answers the workflows it asked for and what it could not do. */
async function sweepAt(
  nowMicros: number,
  unseen: readonly string[] = [],
): Promise<{ asked: string[]; errors: unknown[] }> {
  const asked: string[] = [];
  const errors: unknown[] = [];
  const sweep = new Sweep({
    db: pool,
    shardCount: 2,
    clock: () => nowMicros,
    workflows: {
      startTenantBilling: async (tenant) => void asked.push(`billing ${tenant}`),
      startDrain: async (shard) => void asked.push(`drain ${shard}`),
      startCycle: nothing,
      poke: async (workflowId) => void asked.push(`poke ${workflowId}`),
    },
    startCycleWorkflow: nothing,
    hasUnseenUsage: async (tenant) => unseen.includes(tenant),
    onError: (error) => errors.push(error),
  });
  await sweep.start();
  await sweep.stop();
  return { asked, errors };
}

test('an unpaid invoice becomes overdue with the first sweep after its due date', async () => {
  await saveAndIssue(pool, sampleDraft({ occasion: 'due' }));
  const due = NOW + DAYS_UNTIL_DUE * MICROS_PER_DAY;
  await sweepAt(due - 1);
  expect((await readInvoice(pool, 'INV-000001'))?.status).toBe('issued');
  const { errors } = await sweepAt(due);
  expect(errors).toEqual([]);
  expect((await readInvoice(pool, 'INV-000001'))?.status).toBe('overdue');
});

test('every shard gets its drain', async () => {
  const { asked } = await sweepAt(NOW);
  expect(asked).toEqual(expect.arrayContaining(['drain 0', 'drain 1']));
});

/** How often the tenant was poked by a sweep. */
async function pokes(unseen: readonly string[]): Promise<number> {
  const { asked, errors } = await sweepAt(NOW, unseen);
  expect(errors).toEqual([]);
  return asked.filter((one) => one === `poke tenant-billing/${TENANT}`).length;
}

test('a tenant with usage that no checkpoint has seen for a day is poked: its own poke was lost', async () => {
  const periodStart = '2026-01-01T00:00:00Z';
  const checkpointAt = (atMicros: number): Promise<void> =>
    saveCheckpoint(pool, { tenant: TENANT, periodStart }, { atMicros, usage: [], spendMinor: '0' });
  expect(await pokes([TENANT])).toBe(1);
  expect(await pokes([])).toBe(0);
  await checkpointAt(NOW - 26 * MICROS_PER_HOUR);
  expect(await pokes([TENANT])).toBe(1);
  await checkpointAt(NOW - 24 * MICROS_PER_HOUR);
  expect(await pokes([TENANT])).toBe(0);
});

test('a paused tenant is left alone', async () => {
  const later = NOW + 3 * MICROS_PER_DAY;
  await pool.query('update tenant set paused = true where id = $1::text', [TENANT]);
  expect((await sweepAt(later, [TENANT])).asked).not.toContain(`poke tenant-billing/${TENANT}`);
});
