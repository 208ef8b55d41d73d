import { afterEach, beforeEach, expect, test } from 'vitest';

import { changeAddOn } from '../../src/catalog/change-add-on.ts';
import { changePlan } from '../../src/catalog/change-plan.ts';
import { changePrice, type PriceOrder } from '../../src/catalog/change-price.ts';
import { parseCharge } from '../../src/catalog/parse-charge.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { InvoiceLine } from '../../src/domain/invoice.ts';
import type { Charge } from '../../src/domain/plan.ts';
import { listAlerts } from '../../src/ledger/alerts.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import { closePeriod } from './close-period.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';
const CHANGE = '2026-10-16T12:00:00Z';
const NOW = '2026-10-30T00:00:00Z';
const BANDS = '{ model: graduated, bands: [{ upTo: 100, unitPrice: 1 }, { unitPrice: 0.5 }] }';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: storage, aggregation: sum, unit: GB }
plans:
  - { key: small, currency: USD, charges: [{ key: calls, meter: calls, price: ${BANDS} }] }
  - { key: carrying, currency: USD, onChange: carry_over, charges: [{ key: calls, meter: calls, price: ${BANDS} }] }
  - { key: other, currency: USD, charges: [] }
  - key: alerting
    currency: USD
    charges: [{ key: calls, meter: calls, includedUnits: 100, price: { model: per_unit, unitPrice: 1 } }]
    alerts: [{ meter: calls, shareOfIncluded: 1 }]
  - { key: archive, addOn: true, currency: USD, charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 2 } }] }
tenants:
  - { id: acme, currency: USD, billingStart: ${OCTOBER}, plan: small }
  - { id: carried, currency: USD, billingStart: ${OCTOBER}, plan: carrying }
  - { id: alerted, currency: USD, billingStart: ${OCTOBER}, plan: alerting }
  - id: given
    currency: USD
    billingStart: ${OCTOBER}
    plan: small
    prices: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.000125 } }]
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

function perUnit(name: string, unitPrice: string): Charge {
  const charge = parseCharge(`{ key: ${name}, meter: ${name}, price: { model: per_unit, unitPrice: ${unitPrice} } }`);
  if ('problems' in charge) throw new Error(JSON.stringify(charge.problems));
  return charge;
}

async function setPrice(tenant: string, charge: Charge | null, order: Partial<PriceOrder> = {}): Promise<unknown> {
  const whole = { tenant, key: charge?.key ?? 'calls', charge, at: requireInstant(CHANGE), ...order };
  const changed = await inTransaction(stack.pool, (client) =>
    changePrice(client, whole, requireInstant(NOW), checkPlan),
  );
  await stack.catalogue.reload();
  return { isUnchanged: changed.isUnchanged, plan: changed.plan };
}

async function lines(tenant: string, period: string, now: string): Promise<readonly InvoiceLine[]> {
  stack.setClock(now);
  return (await closePeriod(stack, tenant, period)).content.lines;
}

const shown = (of: readonly InvoiceLine[]) => of.map((line) => `${line.key} ${line.quantity} ${line.amountMinor}`);

test('a price of its own splits the period where it begins, stays through a change of plan, and says since when', async () => {
  expect(await send('acme', 'calls', '2026-10-10T00:00:00Z', 120)).toBe('accepted');
  expect(await send('acme', 'calls', CHANGE, 20)).toBe('accepted');
  expect(await setPrice('acme', perUnit('calls', '0.25'))).toEqual({ isUnchanged: false, plan: 'small' });
  expect(await setPrice('acme', perUnit('calls', '0.250'))).toEqual({ isUnchanged: true, plan: 'small' });
  const order = { tenant: 'acme', planKey: 'other', at: requireInstant(NOVEMBER) };
  await inTransaction(stack.pool, (client) => changePlan(client, order, requireInstant(NOW)));
  await stack.catalogue.reload();

  const october = await lines('acme', OCTOBER, '2026-11-02T00:00:00Z');
  expect(shown(october)).toEqual([`charge:calls:${OCTOBER} 120 11000`, `charge:calls:${CHANGE} 20 500`]);
  expect(october.map(({ provenance }) => provenance.privatePriceFrom)).toEqual([undefined, CHANGE]);

  // The new plan has no such charge: it is one more of its charges. And late usage is priced where it stands.
  expect(await send('acme', 'calls', '2026-11-01T12:00:00Z', 4)).toBe('accepted');
  expect(await send('acme', 'calls', '2026-10-20T00:00:00Z', 8)).toBe('accepted');
  const november = await lines('acme', NOVEMBER, '2026-12-02T00:00:00Z');
  expect(shown(november)).toEqual(['charge:calls 4 100', `late:${OCTOBER}:calls:${CHANGE} 8 200`]);
  expect(november.map(({ provenance }) => [provenance.planKey, provenance.privatePriceFrom])).toEqual([
    ['other', CHANGE],
    ['small', CHANGE],
  ]);
});

test('whether bands go on where a price of its own begins is a matter of the plan', async () => {
  expect(await send('carried', 'calls', '2026-10-10T00:00:00Z', 90)).toBe('accepted');
  expect(await send('carried', 'calls', CHANGE, 20)).toBe('accepted');
  const banded = parseCharge(
    `{ key: calls, meter: calls, price: ${BANDS.replace('unitPrice: 0.5', 'unitPrice: 0.1')} }`,
  );
  if ('problems' in banded) throw new Error('unreadable');
  await setPrice('carried', banded);
  expect(shown(await lines('carried', OCTOBER, '2026-11-02T00:00:00Z'))).toEqual([
    `charge:calls:${OCTOBER} 90 9000`,
    // Ten more at 1, and ten at the tenant's own 0.1.
    `charge:calls:${CHANGE} 20 1100`,
  ]);
});

test('a new tenant begins with those of the file, and a price that is ended leaves the plan’s', async () => {
  expect(await send('given', 'calls', '2026-10-10T00:00:00Z', 80_000)).toBe('accepted');
  expect(await send('given', 'calls', CHANGE, 10)).toBe('accepted');
  expect(await setPrice('given', null)).toEqual({ isUnchanged: false, plan: 'small' });
  expect(shown(await lines('given', OCTOBER, '2026-11-02T00:00:00Z'))).toEqual([
    `charge:calls:${OCTOBER} 80000 1000`,
    `charge:calls:${CHANGE} 10 1000`,
  ]);
});

test('a price of an add-on’s charge is in the add-on, for as long as it says', async () => {
  const add = { tenant: 'acme', planKey: 'archive', at: requireInstant(OCTOBER), action: 'add' as const };
  await inTransaction(stack.pool, (client) => changeAddOn(client, add, requireInstant(NOW)));
  const until = '2026-10-20T00:00:00Z';
  const order = { untilMicros: requireInstant(until) };
  expect(await setPrice('acme', perUnit('storage', '1'), order)).toEqual({ isUnchanged: false, plan: 'archive' });
  for (const at of ['2026-10-02T00:00:00Z', CHANGE, until])
    expect(await send('acme', 'storage', at, 3)).toBe('accepted');
  expect(shown(await lines('acme', OCTOBER, '2026-11-02T00:00:00Z'))).toEqual([
    'charge:calls 0 0',
    `addon:archive:charge:storage:${OCTOBER} 3 600`,
    `addon:archive:charge:storage:${CHANGE} 3 300`,
    `addon:archive:charge:storage:${until} 3 600`,
  ]);
});

test('an alert at a share of the included units is at one of those that the tenant has of its own', async () => {
  const price = '{ model: per_unit, unitPrice: 1 }';
  const charge = parseCharge(`{ key: calls, meter: calls, includedUnits: 5, price: ${price} }`);
  if ('problems' in charge) throw new Error('unreadable');
  await setPrice('alerted', charge);
  expect(await send('alerted', 'calls', '2026-10-10T00:00:00Z', 4)).toBe('accepted');
  expect(stack.reached).toEqual([]);
  expect(await send('alerted', 'calls', CHANGE, 1)).toBe('accepted');
  expect(stack.reached).toEqual([`alerted ${OCTOBER}`]);
  await lines('alerted', OCTOBER, '2026-11-02T00:00:00Z');
  const alerts = await listAlerts(stack.pool, {
    tenant: 'alerted',
    periodStart: requireInstant(OCTOBER),
    meter: null,
    from: null,
    to: null,
    after: null,
    limit: 10,
  });
  expect(alerts.map(({ threshold, thresholdQuantity }) => [threshold, thresholdQuantity])).toEqual([
    ['included:1', '5'],
  ]);
});
