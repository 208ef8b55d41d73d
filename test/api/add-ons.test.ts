import { afterAll, beforeAll, expect, test } from 'vitest';

import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }, { key: storage, aggregation: sum, unit: GB }]
plans:
  - { key: small, currency: USD, charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }] }
  - { key: large, currency: USD, charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 1 } }] }
  - key: archive
    addOn: true
    currency: USD
    baseFee: 30
    charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 2 } }]
  - { key: more_storage, addOn: true, currency: USD, charges: [{ key: storage, meter: storage, price: { model: per_unit, unitPrice: 3 } }] }
  - { key: euros, addOn: true, currency: EUR }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: small }
  - { id: globex, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: small, addOns: [archive] }
`;

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
  for (const [tenant, occurredAt] of [
    ['acme', '2026-11-10T00:00:00Z'],
    ['acme', NOW],
    ['globex', '2026-10-10T00:00:00Z'],
  ]) {
    const body = { id: `${tenant}-${occurredAt}`, tenant, type: 'storage', quantity: 10, occurredAt };
    await bench.call('POST', '/v1/events', { body });
  }
  await bench.drain();
});

afterAll(async () => {
  await bench.close();
});

test('an add-on says what it means in money, is given once for its key, shown, and audited', async () => {
  const body = { addOn: 'archive', reason: 'asked for' };
  const dry = await bench.call('POST', '/v1/tenants/acme/add-ons?dryRun=true', { body });
  expect(dry).toMatchObject({
    status: 200,
    body: { dryRun: true, addOn: 'archive', at: NOW, until: null, from: null, to: { key: 'archive', version: 1 } },
  });
  // 30 for the 10.56 of 30 days that are left, and the 10 GB since then at 2.
  expect(dry.body.preview).toMatchObject({ currency: 'USD', thisPeriod: { before: '0.00', after: '30.56' } });
  expect(await bench.auditActions('acme')).toEqual([]);

  const keyed = { 'idempotency-key': 'add-1' };
  const made = await bench.call('POST', '/v1/tenants/acme/add-ons', { body, headers: keyed });
  expect(made).toMatchObject({ status: 200, body: { dryRun: false, unchanged: false } });
  expect((await bench.call('POST', '/v1/tenants/acme/add-ons', { body, headers: keyed })).body).toEqual(made.body);
  expect((await bench.call('POST', '/v1/tenants/acme/add-ons', { body })).body.unchanged).toBe(true);
  expect(await bench.auditActions('acme')).toEqual(['tenant.add_add_on']);

  const shown = await bench.call('GET', '/v1/tenants/acme');
  expect(shown.body.addOns).toEqual([{ planKey: 'archive', planVersion: 1, validFrom: NOW, validTo: null }]);
  const spend = (await bench.call('GET', '/v1/tenants/acme/spend')).body;
  expect(spend.total).toBe('30.56');
  expect(spend.charges).toMatchObject([
    { charge: 'calls', used: '0' },
    { charge: 'storage', addOn: 'archive', used: '10', cost: '20.00', from: NOW },
  ]);
});

async function refusal(tenant: string, body: object, path = 'add-ons'): Promise<[number, string]> {
  const answer = await bench.call('POST', `/v1/tenants/${tenant}/${path}`, { body });
  return [answer.status, answer.body.error?.code];
}

test('what cannot be held beside the plan is refused with its reason', async () => {
  expect(await refusal('globex', { addOn: 'nothing' })).toEqual([404, 'unknown_plan']);
  expect(await refusal('globex', { addOn: 'large' })).toEqual([409, 'no_add_on']);
  expect(await refusal('globex', { addOn: 'euros' })).toEqual([409, 'currency_mismatch']);
  expect(await refusal('globex', { addOn: 'more_storage' })).toEqual([409, 'key_taken']);
  expect(await refusal('globex', { plan: 'large' }, 'plan')).toEqual([409, 'key_taken']);
  expect(await refusal('globex', { plan: 'archive' }, 'plan')).toEqual([409, 'is_add_on']);
  const ends = { addOn: 'archive', at: '2026-12-01T00:00:00Z', until: '2026-12-01T00:00:00Z' };
  expect(await refusal('globex', ends)).toEqual([409, 'ends_before_start']);
  expect(await refusal('globex', { addOn: 'archive', at: '2026-09-01T00:00:00Z' })).toEqual([409, 'before_start']);
});

test('taking one that never was held is refused', async () => {
  expect(await refusal('globex', {}, 'add-ons/more_storage/end')).toEqual([404, 'not_held']);
});

test('one that is held until the other begins leaves its keys to that', async () => {
  const end = '2026-12-01T00:00:00Z';
  const taken = await bench.call('POST', '/v1/tenants/globex/add-ons/archive/end', { body: { at: end } });
  expect(taken.body).toMatchObject({ at: end, from: { key: 'archive' }, to: null, unchanged: false });
  expect(await refusal('globex', { addOn: 'more_storage', at: end, until: '2027-01-01T00:00:00Z' })).toEqual([
    200,
    undefined,
  ]);
  expect((await bench.call('GET', '/v1/tenants/globex')).body.addOns).toMatchObject([
    { planKey: 'archive', validTo: end },
    { planKey: 'more_storage', validFrom: end, validTo: '2027-01-01T00:00:00Z' },
  ]);
  const again = await bench.call('POST', '/v1/tenants/globex/add-ons/archive/end', { body: { at: end } });
  expect(again.body.unchanged).toBe(true);
});

test('a migration moves who holds an older version of an add-on, and shows who would pay what', async () => {
  const dearer = YAML.replace('baseFee: 30', 'baseFee: 60');
  await bench.apply(dearer);
  const migrate = (query = '') =>
    bench.call('POST', `/v1/plans/archive/migrate${query}`, { body: { version: 2, at: 'now' } });
  const dry = await migrate('?dryRun=true');
  expect(dry.body.data).toMatchObject([
    { tenant: 'acme', from: 1, refused: null, lastPeriod: { problems: ['it has no such period'] } },
    { tenant: 'globex', from: 1, lastPeriod: { billed: '50.00', wouldBe: '80.00', difference: '30.00' } },
  ]);
  expect((await migrate()).body.data).toHaveLength(2);
  expect((await bench.call('GET', '/v1/tenants/globex')).body.addOns).toMatchObject([
    { planKey: 'archive', planVersion: 1 },
    { planKey: 'archive', planVersion: 2, validTo: '2026-12-01T00:00:00Z' },
    { planKey: 'more_storage', planVersion: 1 },
  ]);
  expect((await migrate()).body.data).toEqual([]);
});

test('keys of a tenant do not choose what it holds', async () => {
  const key = await bench.makeKey(['admin'], 'globex');
  const add = await bench.call('POST', '/v1/tenants/globex/add-ons', { body: { addOn: 'archive' }, key });
  const end = await bench.call('POST', '/v1/tenants/globex/add-ons/archive/end', { body: {}, key });
  expect([add.status, end.status]).toEqual([403, 403]);
});
