import { afterEach, beforeEach, expect, test } from 'vitest';

import { gatherLateUsage, gatherUsage, type UsageSource } from '../../activities/gather-usage.ts';
import type { CatalogueSnapshot } from '../../src/catalog/catalogue-snapshot.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { Meter } from '../../src/domain/meter.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import { type JournalEvent, TOKENS } from '../support/journal-entry.ts';

const NOVEMBER = '2023-11-01T00:00:00Z';
const DECEMBER = '2023-12-01T00:00:00Z';
const [fromMicros, toMicros] = [requireInstant(NOVEMBER), requireInstant(DECEMBER)];
const PERIOD = { period: { startMicros: fromMicros, endMicros: toMicros }, fromMicros, toMicros };

const METER: Meter = {
  ...TOKENS,
  version: 1,
  eventType: 'llm',
  value: { from: 'quantity' },
  filter: [],
  dimensions: ['model', 'region'],
  unit: 'token',
};

const charge = (key: string, more: Partial<Charge>): Charge => ({
  key,
  meter: 'tokens',
  description: key,
  includedUnits: '0',
  price: { model: 'per_unit', unitPrice: '1' },
  ...more,
});

const PLAN: PlanVersion = {
  key: 'basic',
  version: 1,
  name: 'Basic',
  currency: 'USD',
  baseFee: '0',
  limits: [],
  charges: [
    charge('all', {}),
    charge('of_eu', { filter: { region: ['eu'] } }),
    charge('by_model', {
      price: { model: 'matrix', dimensions: ['model'], cells: [], otherwise: { model: 'per_unit', unitPrice: '1' } },
    }),
    charge('each', { price: { model: 'percentage', percent: '1', fixedFee: '0' } }),
    charge('unknown', { meter: 'gone' }),
  ],
};

let stack: DrainStack;
let source: UsageSource;
beforeEach(async () => {
  stack = await createDrainStack();
  await addTenant(stack.pool, 'acme');
  await addMeters(stack.pool, [TOKENS]);
  const catalogue = { meters: new Map([['tokens', METER]]) } as unknown as CatalogueSnapshot;
  source = { catalogue, tenant: { id: 'acme', timeZone: 'UTC' }, shard: 7 };
});
afterEach(async () => stack.close());

async function drain(...events: readonly (readonly [value: string, region: string, model: string, late?: 'late'])[]) {
  await stack.append(
    events.map(([value, region, model, late], index): JournalEvent => ({
      id: `${value} ${region} ${model} ${index}`,
      at: `2023-11-${10 + index}T00:00:00Z`,
      readings: [[TOKENS, value, { region, model }]],
      ...(late === undefined ? {} : { accountingStart: DECEMBER }),
    })),
  );
  await drainAll(stack, { timeoutMs: 60_000 });
}

const part = (model: string, quantity: string, eventCount: string) => {
  return { values: { model }, bucket: null, quantity, eventCount };
};

test('each charge is given what it reads, and one that cannot be rated asks for nothing', async () => {
  await drain(['1', 'eu', 'small'], ['2', 'us', 'large'], ['4', 'us', 'small'], ['8', 'eu', 'small', 'late']);
  const gathered = await gatherUsage(stack.pool, source, PLAN, PERIOD);
  const ledgerRange = { shard: 7, first: '1-1', last: '1-3' };
  expect(gathered).toEqual({
    usage: [
      { charge: 'all', quantity: '7', eventCount: '3', ledgerRange },
      { charge: 'of_eu', quantity: '1', eventCount: '1', ledgerRange: { shard: 7, first: '1-1', last: '1-1' } },
      {
        charge: 'by_model',
        quantity: '7',
        parts: [part('large', '2', '1'), part('small', '5', '2')],
        eventCount: '3',
        ledgerRange,
      },
      {
        charge: 'each',
        quantity: '7',
        amounts: [
          ['1', 1],
          ['2', 1],
          ['4', 1],
        ],
        eventCount: '3',
        ledgerRange,
      },
    ],
  });
});

test('late usage is told by charge, before it and with it', async () => {
  await drain(['1', 'eu', 'small'], ['2', 'us', 'large'], ['4', 'us', 'small', 'late']);
  const window = { ...PERIOD, accountingPeriod: requireInstant(DECEMBER) };
  const gathered = await gatherLateUsage(stack.pool, source, PLAN, window);
  const late = { eventCount: '1', ledgerRange: { shard: 7, first: '1-3', last: '1-3' } };
  expect(gathered).toMatchObject({
    usage: [
      { charge: 'all', before: { quantity: '3' }, after: { quantity: '7' }, ...late },
      {
        charge: 'by_model',
        before: { quantity: '3', parts: [{ quantity: '2' }, { quantity: '1' }] },
        after: { quantity: '7', parts: [{ quantity: '2' }, { quantity: '5' }] },
        ...late,
      },
      {
        charge: 'each',
        before: { quantity: '3' },
        after: {
          amounts: [
            ['1', 1],
            ['2', 1],
            ['4', 1],
          ],
        },
        ...late,
      },
    ],
  });
});

test('a late event of a gauge is told in every part of its period, also where it only goes on', async () => {
  const gauge: Meter = { ...METER, key: 'stored', aggregation: 'latest', timeWeighted: true };
  await addMeters(stack.pool, [gauge]);
  source = { ...source, catalogue: { meters: new Map([['stored', gauge]]) } as unknown as CatalogueSnapshot };
  const plan = { ...PLAN, charges: [charge('held', { meter: 'stored' })] };
  const usageStart = '2023-10-01T00:00:00Z';
  await stack.append([
    { id: 'before', at: '2023-10-20T00:00:00Z', usageStart, readings: [[gauge, '2']] },
    { id: 'late', at: '2023-11-10T00:00:00Z', accountingStart: DECEMBER, readings: [[gauge, '5']] },
  ]);
  await drainAll(stack, { timeoutMs: 60_000 });
  const day = 24 * 3_600;
  expect(await gatherUsage(stack.pool, source, plan, PERIOD)).toEqual({
    usage: [{ charge: 'held', quantity: String(2 * 30 * day), eventCount: '0', ledgerRange: null }],
  });
  const cut = requireInstant('2023-11-21T00:00:00Z');
  const accountingPeriod = requireInstant(DECEMBER);
  const lateIn = async (window: typeof PERIOD): Promise<unknown> =>
    gatherLateUsage(stack.pool, source, plan, { ...window, accountingPeriod });
  expect(await lateIn({ ...PERIOD, toMicros: cut })).toMatchObject({
    usage: [
      {
        before: { quantity: String(2 * 20 * day) },
        after: { quantity: String((2 * 9 + 5 * 11) * day) },
        eventCount: '1',
      },
    ],
  });
  expect(await lateIn({ ...PERIOD, fromMicros: cut })).toMatchObject({
    usage: [
      {
        before: { quantity: String(2 * 10 * day) },
        after: { quantity: String(5 * 10 * day) },
        eventCount: '0',
        ledgerRange: null,
      },
    ],
  });
});
