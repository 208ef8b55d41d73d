import { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { addAlerts, listAlerts, type NewAlert } from '../../src/ledger/alerts.ts';
import { ensurePeriods } from '../../src/ledger/periods.ts';
import { addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';

const NOVEMBER = '2023-11-01T00:00:00Z';
const REACHED: NewAlert = { meter: 'calls', threshold: 'limit:0.8', thresholdQuantity: '80', quantity: '81' };
const ALL = { tenant: null, periodStart: null, meter: null, from: null, to: null, after: null, limit: 100 };

let stack: DrainStack;

beforeEach(async () => {
  stack = await createDrainStack();
  await addTenant(stack.pool, 'acme', { billingStart: NOVEMBER });
  const calendar = { timeZone: 'UTC', anchor: NOVEMBER, length: 'month', endsAt: null } as const;
  await ensurePeriods(stack.pool, 'acme', calendar, requireInstant(NOVEMBER));
});
afterEach(async () => stack.close());

function add(alerts: readonly NewAlert[], at: string, periodStart = NOVEMBER): Promise<number> {
  return addAlerts(stack.pool, { tenant: 'acme', periodStart }, alerts, requireInstant(at));
}

test('an alert is written once, and stays as it was first found', async () => {
  expect(await add([REACHED], '2023-11-10T00:00:00Z')).toBe(1);
  const [first] = await listAlerts(stack.pool, ALL);
  expect(await add([{ ...REACHED, quantity: '95' }], '2023-11-11T00:00:00Z')).toBe(0);
  expect(await listAlerts(stack.pool, ALL)).toEqual([first]);
});

test('the same decimal in another spelling is the same threshold', async () => {
  await add([REACHED], '2023-11-10T00:00:00Z');
  expect(await add([{ ...REACHED, thresholdQuantity: '80.0' }], '2023-11-11T00:00:00Z')).toBe(0);
});

test('another quantity of the same rule, as under another plan, is another alert; so is another period', async () => {
  await add([REACHED], '2023-11-10T00:00:00Z');
  expect(await add([{ ...REACHED, thresholdQuantity: '160', quantity: '161' }], '2023-11-12T00:00:00Z')).toBe(1);
  expect(await add([REACHED], '2023-12-02T00:00:00Z', '2023-12-01T00:00:00Z')).toBe(1);
  expect((await listAlerts(stack.pool, ALL)).map(({ thresholdQuantity }) => thresholdQuantity)).toEqual([
    '80',
    '160',
    '80',
  ]);
});

test('finders side by side write it once between them', async () => {
  const second = { ...REACHED, threshold: 'limit:0.5', thresholdQuantity: '50' };
  const added = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      add(index % 2 === 0 ? [REACHED, second] : [second, REACHED], '2023-11-10T00:00:00Z'),
    ),
  );
  expect(added.reduce((sum, count) => sum + count, 0)).toBe(2);
});

test.each(['update alert set quantity = 90', 'delete from alert', 'truncate alert'])(
  'nobody changes it: %s',
  async (statement) => {
    await add([REACHED], '2023-11-10T00:00:00Z');
    await expect(stack.pool.query(statement)).rejects.toThrow(/permission denied|is refused/);
    const owner = new Client({ connectionString: stack.databaseUrl });
    await owner.connect();
    try {
      await expect(owner.query(statement)).rejects.toThrow(/is refused/);
    } finally {
      await owner.end();
    }
  },
);
