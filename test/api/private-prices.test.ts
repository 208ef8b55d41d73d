import { afterAll, beforeAll, expect, test } from 'vitest';

import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }, { key: storage, aggregation: sum, unit: GB }]
plans:
  - key: small
    currency: USD
    charges: [{ key: calls, meter: calls, includedUnits: 500, price: { model: per_unit, unitPrice: 1 } }]
  - { key: dear, currency: USD, charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 9 } }] }
  - { key: archive, addOn: true, currency: USD, charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 2 } }] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: small }
  - { id: globex, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: small, addOns: [archive] }
  - id: initech
    currency: USD
    billingStart: 2026-10-01T00:00:00Z
    plan: small
    prices: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.5 } }]
`;

const START = '2026-11-01T00:00:00Z';
const CHARGE =
  '{ key: calls, meter: calls, includedUnits: 50, price: { model: per_unit, unitPrice: 0.123456789123456789 } }';

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});

afterAll(async () => {
  await bench.close();
});

async function use(tenant: string, type: string, quantity: number, occurredAt = '2026-11-10T00:00:00Z') {
  const body = { id: `${tenant}-${type}-${quantity}-${occurredAt}`, tenant, type, quantity, occurredAt };
  return (await bench.call('POST', '/v1/events?cost=true', { body })).body.results[0];
}

test('a price of its own is foreseen, set once, exact to the last digit, and seen by spend and cost', async () => {
  expect(await use('acme', 'calls', 1)).toMatchObject({ outcome: 'accepted', cost: { amount: '0' } });
  await bench.drain();
  const body = { charge: CHARGE, at: START, reason: 'agreed' };
  const dry = await bench.call('POST', '/v1/tenants/acme/prices?dryRun=true', { body });
  expect(dry).toMatchObject({
    status: 200,
    body: {
      charge: 'calls',
      plan: 'small',
      at: START,
      from: 'calls · 500 included · 1 each',
      to: 'calls · 50 included · 0.123456789123456789 each',
      preview: { thisPeriod: { before: '0.00', after: '0.00' } },
    },
  });
  expect(await bench.auditActions('acme')).toEqual([]);
  const headers = { 'idempotency-key': 'price-1' };
  const made = await bench.call('POST', '/v1/tenants/acme/prices', { body, headers });
  expect(made).toMatchObject({ status: 200, body: { unchanged: false } });
  expect((await bench.call('POST', '/v1/tenants/acme/prices', { body, headers })).body).toEqual(made.body);
  expect((await bench.call('POST', '/v1/tenants/acme/prices', { body })).body.unchanged).toBe(true);
  expect(await bench.auditActions('acme')).toEqual(['tenant.set_price']);
  const { rows: audit } = await bench.pool.query(
    `select details #>> '{definition,price,unitPrice}' as price from audit_entry where subject = 'acme'`,
  );
  expect(audit, 'a later price takes its place: the audit has all of it').toEqual([{ price: '0.123456789123456789' }]);
  const { prices } = (await bench.call('GET', '/v1/tenants/acme')).body;
  expect(prices).toMatchObject([
    { charge: { key: 'calls', price: { unitPrice: '0.123456789123456789' } }, validFrom: START, validTo: null },
  ]);

  // Fifty are included, which the first has used one of.
  expect(await use('acme', 'calls', 51)).toMatchObject({ cost: { amount: '0.246913578246913578' } });
  await bench.drain();
  const spend = (await bench.call('GET', '/v1/tenants/acme/spend')).body;
  expect(spend.charges).toMatchObject([{ charge: 'calls', used: '52', included: '50', overage: '2', cost: '0.25' }]);
  expect(spend.lines[0].provenance).toMatchObject({ planKey: 'small', privatePriceFrom: START });
});

test('an add-on’s price is the tenant’s own where that says so, and a cost names what cannot be known', async () => {
  const storage = { key: 'storage', meter: 'storage', price: { model: 'per_unit', unitPrice: '1.5' } };
  const set = await bench.call('POST', '/v1/tenants/globex/prices', { body: { charge: storage, at: NOW } });
  expect(set.body).toMatchObject({ plan: 'archive', from: 'storage · 2 each', to: 'storage · 1.5 each' });
  expect(await use('globex', 'storage', 2, NOW)).toMatchObject({ cost: { amount: '3' } });
  expect(await use('globex', 'storage', 2)).toMatchObject({ cost: { amount: '4' } });
  const calls = { key: 'calls', meter: 'calls', price: { model: 'package', size: '10', packagePrice: '1' } };
  await bench.call('POST', '/v1/tenants/globex/prices', { body: { charge: calls, at: NOW } });
  const { cost, costReason } = await use('globex', 'calls', 1, NOW);
  expect([cost, costReason]).toEqual([null, expect.stringContaining('calls holds for a part of its period')]);
});

test('what a plan would cost a tenant is said with the prices of its own', async () => {
  const occurredAt = '2026-10-10T00:00:00Z';
  await bench.call('POST', '/v1/events', {
    body: { id: 'october', tenant: 'initech', type: 'calls', quantity: 100, occurredAt },
  });
  await bench.drain();
  const simulated = await bench.call('POST', '/v1/pricing/simulate', {
    body: { plan: 'dear', tenant: 'initech', period: '2026-10-01T00:00:00Z' },
  });
  expect(simulated.body.total).toBe('50.00');
  const given = await bench.call('POST', '/v1/pricing/simulate', {
    body: { plan: 'dear', tenant: 'initech', usage: [{ charge: 'calls', quantity: '10' }] },
  });
  expect(given.body.total).toBe('5.00');
  const nobody = await bench.call('POST', '/v1/pricing/simulate', {
    body: { plan: 'archive', usage: [{ charge: 'storage', quantity: '10' }] },
  });
  expect(nobody.body.total).toBe('20.00');
});

test('one that is ended gives way to the plan’s, and ending it again changes nothing', async () => {
  const path = '/v1/tenants/initech/prices/calls/end';
  expect((await bench.call('POST', path, { body: { at: 'period_end' } })).body).toMatchObject({
    at: '2026-12-01T00:00:00Z',
    from: 'calls · 0.5 each',
    to: 'calls · 500 included · 1 each',
    unchanged: false,
  });
  expect((await bench.call('POST', path, { body: { at: 'period_end' } })).body.unchanged).toBe(true);
  expect(await bench.auditActions('initech')).toEqual(['tenant.end_price']);
});

test('ending one that never was is refused, also in a dry run', async () => {
  for (const query of ['', '?dryRun=true']) {
    const { status, body } = await bench.call('POST', `/v1/tenants/initech/prices/storage/end${query}`, { body: {} });
    expect([status, body.error.code]).toEqual([404, 'not_held']);
    expect(body.error.message).toContain('tenant initech has no price of its own for storage');
  }
});

async function refusal(charge: unknown, more: object = {}): Promise<[number, string]> {
  const { status, body } = await bench.call('POST', '/v1/tenants/globex/prices', { body: { charge, ...more } });
  return [status, `${body.error.code} ${body.error.message}`];
}

test('what cannot be a charge is refused, with the field and the cure', async () => {
  const price = { model: 'per_unit', unitPrice: '1' };
  const wrong: readonly [unknown, number, string][] = [
    ['{ key: calls', 422, 'is not readable YAML'],
    [['calls'], 422, 'must be a charge'],
    [{ key: 'calls', meter: 'calls' }, 422, 'charge.price'],
    [{ key: 'calls', meter: 'calls', price, colour: 'red' }, 422, 'charge.colour: is not a field of a charge'],
    [
      { key: 'calls', meter: 'calls', price: { ...price, unitPrice: '3e-6' } },
      422,
      'charge.price.unitPrice: must be a plain decimal',
    ],
    [{ key: 'calls', meter: 'nothing', price }, 422, 'meter: there is no meter nothing'],
    [{ key: 'calls', meter: 'calls', filter: { region: 'eu' }, price }, 422, 'has no dimension region'],
  ];
  for (const [charge, status, reason] of wrong) {
    const [code, message] = await refusal(charge);
    expect([code, message]).toEqual([status, expect.stringContaining(reason)]);
    expect(message).toContain('invalid_charge');
  }
  expect(await refusal(undefined)).toEqual([400, expect.stringContaining('charge: is required')]);
  const charge = { key: 'calls', meter: 'calls', price };
  expect((await refusal(charge, { at: '2026-09-01T00:00:00Z' }))[1]).toContain('before_start');
  expect((await refusal(charge, { at: NOW, until: NOW }))[1]).toContain('ends_before_start');
});

test('keys of a tenant do not set its prices', async () => {
  const key = await bench.makeKey(['admin'], 'globex');
  const set = await bench.call('POST', '/v1/tenants/globex/prices', { body: { charge: CHARGE }, key });
  const end = await bench.call('POST', '/v1/tenants/globex/prices/calls/end', { body: {}, key });
  expect([set.status, end.status]).toEqual([403, 403]);
});
