import { afterEach, beforeEach, expect, test } from 'vitest';

import { type AddOnOrder, changeAddOn } from '../../src/catalog/change-add-on.ts';
import { changeQuantity } from '../../src/catalog/change-quantity.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { closePeriod } from './close-period.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';
const CHANGE = '2026-10-16T12:00:00Z';
const NOW = '2026-10-30T00:00:00Z';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: storage, aggregation: sum, unit: GB }
plans:
  - key: small
    currency: USD
    baseFee: 10
    maximum: 50
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }]
  - key: archive
    addOn: true
    currency: USD
    baseFee: 31
    onChange: carry_over
    charges:
      - { key: storage, meter: storage, price: { model: graduated, bands: [{ upTo: 10, unitPrice: 2 }, { unitPrice: 1 }] } }
    fixedQuantities: [{ key: vaults, description: Vaults, unit: vault, price: { model: per_unit, unitPrice: 62 } }]
  - { key: help, addOn: true, currency: USD, baseFee: 5 }
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: small, addOns: [help@1] }
  - { id: tried, currency: USD, billingStart: ${OCTOBER}, plan: small, addOns: [archive], trialDays: 40 }
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: NOW, yaml: YAML, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function send(tenant: string, type: string, occurredAt: string, quantity: number): Promise<unknown> {
  const event = { id: `${tenant} ${type} ${occurredAt}`, tenant, type, occurredAt, quantity };
  return (await stack.send(key, [event]))[0]?.outcome;
}

async function change(order: Partial<AddOnOrder>): Promise<void> {
  const whole = { tenant: 'acme', planKey: 'archive', at: requireInstant(CHANGE), action: 'add' as const, ...order };
  await inTransaction(stack.pool, (client) => changeAddOn(client, whole, requireInstant(NOW)));
  await stack.catalogue.reload();
}

async function bill(tenant: string, period: string, now: string): Promise<readonly string[]> {
  stack.setClock(now);
  const { content } = await closePeriod(stack, tenant, period);
  return content.lines.map(({ key: line, quantity, amountMinor }) => `${line} ${quantity} ${amountMinor}`);
}

test('an add-on is billed beside the plan from the instant on at which it is held, with its quantities and late usage', async () => {
  expect(await send('acme', 'calls', '2026-10-10T00:00:00Z', 90)).toBe('accepted');
  // Before the add-on is held its meter has no price.
  expect(await send('acme', 'storage', '2026-10-16T11:59:59.999999Z', 7)).toBe('accepted');
  await change({});
  const seats = { tenant: 'acme', name: 'vaults', quantity: '2', at: requireInstant(CHANGE) };
  await inTransaction(stack.pool, (client) => changeQuantity(client, seats, requireInstant(NOW)));
  expect(await send('acme', 'storage', CHANGE, 8)).toBe('accepted');
  expect(await bill('acme', OCTOBER, '2026-11-02T00:00:00Z')).toEqual([
    'base 1 1000',
    'charge:calls 90 9000',
    'plan:maximum 1 -4000',
    'addon:archive:base 1 1550',
    'addon:archive:quantity:vaults 2 6200',
    'addon:archive:charge:storage 8 1600',
    'addon:help:base 1 500',
  ]);

  expect(await send('acme', 'storage', '2026-10-20T00:00:00Z', 4)).toBe('accepted');
  expect(await send('acme', 'storage', '2026-10-02T00:00:00Z', 4)).toBe('accepted');
  await change({ at: requireInstant(NOVEMBER), action: 'remove' });
  expect(await bill('acme', NOVEMBER, '2026-12-02T00:00:00Z')).toEqual([
    'base 1 1000',
    'charge:calls 0 0',
    'addon:help:base 1 500',
    // 12 in all: two at 2, two at 1.
    `addon:archive:late:${OCTOBER}:storage:${CHANGE} 4 600`,
  ]);
});

test('what was held of an add-on ends with it, and is charged no more when it comes back', async () => {
  const seats = { tenant: 'acme', name: 'vaults', quantity: '2', at: requireInstant(OCTOBER) };
  await change({ at: requireInstant(OCTOBER), untilMicros: requireInstant(CHANGE) });
  await inTransaction(stack.pool, (client) => changeQuantity(client, seats, requireInstant(NOW)));
  const held = () =>
    stack.catalogue
      .current()
      .tenants.get('acme')
      ?.quantities.map(({ toMicros }) => toMicros);
  await stack.catalogue.reload();
  expect(held()).toEqual([requireInstant(CHANGE)]);
  // The end is taken back, and then ordered for an earlier instant.
  await change({ at: requireInstant(OCTOBER) });
  expect(held()).toEqual([null]);
  await change({ at: requireInstant('2026-10-11T00:00:00Z'), action: 'remove' });
  await change({ at: requireInstant('2026-10-21T00:00:00Z') });
  expect(await bill('acme', OCTOBER, '2026-11-02T00:00:00Z')).toEqual([
    'base 1 1000',
    'charge:calls 0 0',
    'addon:archive:base:2026-10-01T00:00:00Z 1 1000',
    'addon:archive:base:2026-10-21T00:00:00Z 1 1100',
    'addon:archive:quantity:vaults:2026-10-01T00:00:00Z 2 4000',
    'addon:archive:charge:storage:2026-10-01T00:00:00Z 0 0',
    'addon:archive:charge:storage:2026-10-21T00:00:00Z 0 0',
    'addon:help:base 1 500',
  ]);
});

test('in a trial add-ons are due nothing either', async () => {
  expect(await send('tried', 'storage', '2026-10-10T00:00:00Z', 5)).toBe('accepted');
  expect(await bill('tried', OCTOBER, '2026-11-02T00:00:00Z')).toEqual([
    'charge:calls 0 0',
    'addon:archive:charge:storage 5 0',
  ]);
});
