import { afterAll, beforeAll, expect, test } from 'vitest';

import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }]
plans:
  - { key: small, currency: USD, charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 1 } }] }
  - key: large
    currency: USD
    baseFee: 30
    fixedQuantities: [{ key: seats, unit: seat, price: { model: per_unit, unitPrice: 10 } }]
    charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.5 } }]
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: small }
  - { id: globex, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: large, quantities: { seats: 3 } }
  - { id: old, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: small }
`;

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
  for (const [tenant, occurredAt] of [
    ['acme', '2026-11-10T00:00:00Z'],
    ['acme', '2026-11-20T10:30:15Z'],
    ['old', '2026-10-20T00:00:00Z'],
  ]) {
    const body = { id: `${tenant}-${occurredAt}`, tenant, type: 'calls', quantity: 100, occurredAt };
    await bench.call('POST', '/v1/events', { body });
  }
  await bench.drain();
});

afterAll(async () => {
  await bench.close();
});

test('a plan change says what it means in money, happens once for its key, and is audited', async () => {
  const body = { plan: 'large', at: 'now', reason: 'grew' };
  const dry = await bench.call('POST', '/v1/tenants/acme/plan?dryRun=true', { body });
  expect(dry).toMatchObject({
    status: 200,
    body: { dryRun: true, at: NOW, from: { key: 'small' }, to: { key: 'large' } },
  });
  // 200 calls at 1; or 100 at 1, 100 at 0.5, and 30 for the 10.56 of 30 days that are left.
  expect(dry.body.preview).toMatchObject({
    currency: 'USD',
    thisPeriod: { before: '200.00', after: '160.56' },
    wholePeriod: { before: '200.00', after: '130.00' },
  });
  expect(await bench.auditActions('acme')).toEqual([]);

  const headers = { 'idempotency-key': 'change-1' };
  const made = await bench.call('POST', '/v1/tenants/acme/plan', { body, headers });
  expect(made).toMatchObject({ status: 200, body: { dryRun: false, unchanged: false } });
  expect((await bench.call('POST', '/v1/tenants/acme/plan', { body, headers })).body).toEqual(made.body);
  expect((await bench.call('POST', '/v1/tenants/acme/plan', { body })).body.unchanged).toBe(true);
  expect(await bench.auditActions('acme')).toEqual(['tenant.change_plan']);

  const shown = await bench.call('GET', '/v1/tenants/acme');
  expect(shown.body).toMatchObject({
    plan: { key: 'large' },
    items: [{ planKey: 'small', validTo: NOW }, { validFrom: NOW }],
  });
  expect((await bench.call('GET', '/v1/tenants/acme/spend')).body.total).toBe('160.56');
});

async function refusal(tenant: string, body: object): Promise<[number, string]> {
  const { status, body: answer } = await bench.call('POST', `/v1/tenants/${tenant}/plan`, { body });
  return [status, answer.error.code];
}

test('what cannot be is refused with its reason', async () => {
  expect(await refusal('acme', { plan: 'huge' })).toEqual([404, 'unknown_plan']);
  expect(await refusal('acme', { plan: 'large', version: 9 })).toEqual([404, 'unknown_plan']);
  expect(await refusal('acme', { plan: 'large', at: 'tomorrow' })).toEqual([400, 'invalid_body']);
  expect(await refusal('acme', { plan: 'large', at: '2026-10-31T00:00:00Z' })).toEqual([409, 'before_start']);
  expect(await refusal('nobody', { plan: 'large' })).toEqual([404, 'unknown_tenant']);
});

test('seats change at an instant, and the bill so far shows both lines', async () => {
  const path = '/v1/tenants/globex/quantities/seats';
  const body = { quantity: '5', at: '2026-11-16T00:00:00Z' };
  const dry = await bench.call('POST', `${path}?dryRun=true`, { body });
  // 30 for the base fee, 3 seats at 10, and two more for half of the month.
  expect(dry.body).toMatchObject({
    dryRun: true,
    from: '3',
    to: '5',
    unchanged: false,
    preview: { thisPeriod: { before: '60.00', after: '70.00' } },
  });
  expect(await bench.auditActions('globex')).toEqual([]);
  expect((await bench.call('POST', path, { body })).body).toMatchObject({ from: '3', to: '5', unchanged: false });
  expect((await bench.call('POST', path, { body })).body).toMatchObject({
    unchanged: true,
    preview: expect.anything(),
  });
  expect(await bench.auditActions('globex')).toEqual(['tenant.change_quantity']);
  const { lines } = (await bench.call('GET', '/v1/tenants/globex/spend')).body;
  const seats = lines.filter(({ kind }: { kind: string }) => kind === 'fixed_quantity');
  expect(seats.map(({ quantity, amountMinor }: Record<string, string>) => [quantity, amountMinor])).toEqual([
    ['3', '3000'],
    ['2', '1000'],
  ]);
  const wrong = await bench.call('POST', '/v1/tenants/globex/quantities/desks', { body });
  expect([wrong.status, wrong.body.error.code]).toEqual([404, 'unknown_quantity']);
});

test('a migration shows who would pay what, moves them page by page, and finds nobody a second time', async () => {
  const dearer = YAML.replace('unitPrice: 1 }', 'unitPrice: 2 }');
  await bench.apply(dearer);
  const dry = await bench.call('POST', '/v1/plans/small/migrate?dryRun=true', { body: { version: 2 } });
  expect(dry.body).toMatchObject({
    nextCursor: null,
    data: [
      {
        tenant: 'old',
        from: 1,
        at: '2026-12-01T00:00:00Z',
        refused: null,
        lastPeriod: { billed: '100.00', wouldBe: '200.00', difference: '100.00' },
      },
    ],
  });
  const made = await bench.call('POST', '/v1/plans/small/migrate', { body: { version: 2, limit: 1 } });
  expect(made.body.data.map(({ tenant }: { tenant: string }) => tenant)).toEqual(['old']);
  expect((await bench.call('POST', '/v1/plans/small/migrate', { body: { version: 2 } })).body.data).toEqual([]);
  expect(await bench.auditActions('small')).toEqual(['plan.migrate']);
});

test('keys of a tenant do not choose its prices, nor how many seats it pays for', async () => {
  const key = await bench.makeKey(['admin'], 'globex');
  const plan = await bench.call('POST', '/v1/tenants/globex/plan', { body: { plan: 'small' }, key });
  const seats = await bench.call('POST', '/v1/tenants/globex/quantities/seats', { body: { quantity: '0' }, key });
  expect([plan.status, seats.status]).toEqual([403, 403]);
});
