import { afterAll, beforeAll, expect, test } from 'vitest';

import { NOW, openApiBench, type ApiBench } from './api-bench.ts';

const SEATS = 'fixedQuantities: [{ key: seats, unit: seat, price: { model: per_unit, unitPrice: 30 } }]';
const YAML = `
issuer: { name: Toll Ltd }
plans:
  - { key: small, currency: USD, charges: [] }
  - { key: big, currency: USD, charges: [], ${SEATS} }
  - { key: team, addOn: true, currency: USD, charges: [], ${SEATS} }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: small, addOns: [team], quantities: { seats: 5 } }
`;

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});

afterAll(async () => {
  await bench.close();
});

test('seats that move from an add-on to the plan are in the preview, the answer, the audit and the bill', async () => {
  const change = (query = '') =>
    bench.call('POST', `/v1/tenants/acme/plan${query}`, { body: { plan: 'big', at: NOW, reason: 'seats are in it' } });
  await bench.call('POST', '/v1/tenants/acme/add-ons/team/end', { body: { at: NOW } });
  const cut = (await bench.call('GET', '/v1/tenants/acme/spend')).body.total;
  expect(Number(cut)).toBeLessThan(150);

  const dry = await change('?dryRun=true');
  expect(dry.body).toMatchObject({ quantities: ['seats'], preview: { thisPeriod: { before: cut, after: '150.00' } } });
  expect((await change()).body).toMatchObject({ quantities: ['seats'], unchanged: false });
  expect((await change()).body).toMatchObject({ quantities: [], unchanged: true });

  const audited = `select details from audit_entry where action = 'tenant.change_plan' order by id`;
  expect((await bench.pool.query(audited)).rows).toMatchObject([{ details: { quantities: ['seats'] } }]);
  expect((await bench.call('GET', '/v1/tenants/acme')).body.quantities).toMatchObject([
    { name: 'seats', quantity: '5', validTo: null },
  ]);
  expect((await bench.call('GET', '/v1/tenants/acme/spend')).body.total).toBe('150.00');
});
