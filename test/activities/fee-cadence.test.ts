import { afterEach, beforeEach, expect, test } from 'vitest';

import { changeAddOn } from '../../src/catalog/change-add-on.ts';
import { changePlan } from '../../src/catalog/change-plan.ts';
import { changeQuantity } from '../../src/catalog/change-quantity.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { closePeriod } from './close-period.ts';

const JULY = '2026-07-01T00:00:00Z';
const AUGUST = '2026-08-01T00:00:00Z';

const CATALOGUE = `
issuer: { name: Toll Ltd }
plans:
  - key: team
    currency: USD
    baseFee: 365
    baseFeeEvery: year
    baseFeeDue: advance
    fixedQuantities: [{ key: seats, unit: seat, every: year, price: { model: per_unit, unitPrice: 73 } }]
  - key: large
    currency: USD
    baseFee: 3650
    baseFeeEvery: year
    baseFeeDue: advance
  - { key: support, addOn: true, currency: USD, baseFee: 730, baseFeeEvery: year, baseFeeDue: advance }
tenants:
  - { id: grown, currency: USD, billingStart: ${JULY}, plan: team, quantities: { seats: 2 }, addOns: [support] }
  - { id: kept, currency: USD, billingStart: ${JULY}, plan: team, quantities: { seats: 2 } }
`;

let stack: IngestStack;
beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-09-20T10:30:15Z', yaml: CATALOGUE, shardCount: 1 });
});
afterEach(() => stack.close());

async function billed(tenant: string, periodStart: string): Promise<readonly string[]> {
  const { content } = await closePeriod(stack, tenant, periodStart);
  return content.lines.map(({ key, amountMinor }) => `${key} ${amountMinor}`);
}

test('what is changed at the end of a month after that was billed is on the bill of the next one', async () => {
  expect(await billed('grown', JULY)).toEqual([
    `base:year:${JULY} 36500`,
    `quantity:seats:year:${JULY} 14600`,
    `addon:support:base:year:${JULY} 73000`,
  ]);
  expect(await billed('kept', JULY)).toHaveLength(2);

  // July is sealed: its end is the first instant at which anything may still change.
  const at = requireInstant(AUGUST);
  const now = stack.service.clock();
  await inTransaction(stack.pool, async (client) => {
    await changePlan(client, { tenant: 'grown', planKey: 'large', at }, now);
    await changeAddOn(client, { tenant: 'grown', planKey: 'support', at, action: 'remove' }, now);
    await changeQuantity(client, { tenant: 'kept', name: 'seats', quantity: '3', at }, now);
  });
  // 334 of 365 days are left of July's year.
  expect(await billed('grown', AUGUST)).toEqual([
    `base:year:${AUGUST} 365000`,
    `base:year:${JULY}:rest -33400`,
    `quantity:seats:year:${JULY}:rest -13360`,
    `addon:support:base:year:${JULY}:rest -66800`,
  ]);
  expect(await billed('kept', AUGUST)).toEqual([`quantity:seats:year:${JULY}:change:${AUGUST} 6680`]);
});
