import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { MICROS_PER_DAY } from '../../src/domain/instant.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { Sweep } from '../../worker/sweep.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from '../invoice/invoice-database.ts';
import { NOW, sampleDraft, saveAndIssue } from '../invoice/sample-invoice.ts';

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
async function sweepAt(nowMicros: number): Promise<{ asked: string[]; errors: unknown[] }> {
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
      poke: nothing,
    },
    startCycleWorkflow: nothing,
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
