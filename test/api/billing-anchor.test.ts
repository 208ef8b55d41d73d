import { afterAll, beforeAll, expect, test } from 'vitest';

import { openApiBench, type ApiBench } from './api-bench.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters: [{ key: calls, aggregation: sum, unit: call }]
plans:
  - key: basic
    currency: USD
    baseFee: 31
    charges: [{ key: calls, meter: calls, includedUnits: 10, price: { model: per_unit, unitPrice: 1 } }]
tenants:
  - { id: acme, currency: USD, billingStart: 2026-09-17T00:00:00Z, plan: basic }
  - { id: globex, currency: USD, billingStart: 2026-09-17T00:00:00Z, plan: basic }
`;

const PATH = '/v1/tenants/acme/billing-anchor';
const BODY = { anchor: '2027-01-01T00:00:00Z', reason: 'asked for it' };

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(YAML);
});

afterAll(async () => {
  await bench.close();
});

async function send(occurredAt: string, quantity: number): Promise<string> {
  const body = { id: occurredAt, tenant: 'acme', type: 'calls', quantity, occurredAt };
  return (await bench.call('POST', '/v1/events', { body })).body.results[0].outcome;
}

test('the periods around a change are shown before, made once for its key, audited, and shown with the tenant', async () => {
  const dry = await bench.call('POST', `${PATH}?dryRun=true`, { body: BODY });
  const told = {
    tenant: 'acme',
    from: '2026-12-17T00:00:00Z',
    before: { anchor: '2026-09-17T00:00:00Z', periodLength: 'month' },
    after: { anchor: '2027-01-01T00:00:00Z', periodLength: 'month' },
    unchanged: false,
    dropped: [],
    periods: [
      { start: '2026-11-17T00:00:00Z', end: '2026-12-17T00:00:00Z', partOf: null },
      {
        start: '2026-12-17T00:00:00Z',
        end: '2027-01-01T00:00:00Z',
        partOf: { start: '2026-12-01T00:00:00Z', end: '2027-01-01T00:00:00Z' },
      },
      { start: '2027-01-01T00:00:00Z', end: '2027-02-01T00:00:00Z', partOf: null },
      { start: '2027-02-01T00:00:00Z', end: '2027-03-01T00:00:00Z', partOf: null },
    ],
  };
  expect(dry).toMatchObject({ status: 200, body: { dryRun: true, ...told } });
  expect(await bench.auditActions('acme')).toEqual([]);

  const headers = { 'idempotency-key': 'anchor-1' };
  const made = await bench.call('POST', PATH, { body: BODY, headers });
  expect(made).toMatchObject({ status: 200, body: { dryRun: false, ...told } });
  expect(made.body.catalogueVersion).toBe(dry.body.catalogueVersion + 1);
  expect((await bench.call('POST', PATH, { body: BODY, headers })).body).toEqual(made.body);
  expect((await bench.call('POST', PATH, { body: BODY })).body).toMatchObject({ unchanged: true, from: told.from });
  expect(await bench.auditActions('acme')).toEqual(['tenant.change_anchor']);

  const shown = await bench.call('GET', '/v1/tenants/acme');
  expect(shown.body).toMatchObject({
    billingStart: '2026-09-17T00:00:00Z',
    periodLength: 'month',
    calendar: { ...told.before, changes: [{ from: told.from, ...told.after }] },
    period: { start: '2026-11-17T00:00:00Z', end: '2026-12-17T00:00:00Z' },
  });
});

test('events, spend and named periods follow the shorter period', async () => {
  bench.setClock('2026-12-16T23:58:00Z');
  // Two minutes ahead: the first event of the shorter period.
  expect(await send('2026-12-17T00:00:00Z', 8)).toBe('accepted');
  bench.setClock('2026-12-31T23:59:59Z');
  expect(await send('2026-12-31T23:59:58Z', 12)).toBe('accepted');
  expect(await send('2027-01-01T00:00:00Z', 15)).toBe('accepted');
  const shorter = await bench.call('GET', '/v1/tenants/acme/spend');
  // 15 of 31 days of the base fee; included units are whole.
  expect(shorter.body).toMatchObject({
    period: { start: '2026-12-17T00:00:00Z', end: '2027-01-01T00:00:00Z' },
    total: '25.00',
  });
  bench.setClock('2027-01-02T00:00:00Z');
  const whole = await bench.call('GET', '/v1/tenants/acme/spend');
  expect(whole.body).toMatchObject({
    period: { start: '2027-01-01T00:00:00Z', end: '2027-02-01T00:00:00Z' },
    total: '36.00',
  });
  await bench.drain();
  const body = { plan: 'basic', tenant: 'acme', period: 'last' };
  const last = await bench.call('POST', '/v1/pricing/simulate', { body });
  expect(last.body).toMatchObject({
    period: { start: '2026-12-17T00:00:00Z', end: '2027-01-01T00:00:00Z' },
    total: '25.00',
  });
  expect((await bench.call('GET', '/v1/tenants/acme')).body.calendar).toMatchObject({
    anchor: '2027-01-01T00:00:00Z',
  });
  bench.setClock('2026-11-20T10:30:15Z');
});

async function refusal(tenant: string, body: object): Promise<[number, string]> {
  const { status, body: answer } = await bench.call('POST', `/v1/tenants/${tenant}/billing-anchor`, { body });
  return [status, answer.error.code];
}

test('what cannot be is refused with its reason', async () => {
  const anchor = '2027-01-05T00:00:00Z';
  expect(await refusal('globex', { anchor, from: '2026-11-17T00:00:00Z' })).toEqual([409, 'boundary_too_near']);
  expect(await refusal('globex', { anchor, from: '2026-12-18T00:00:00Z' })).toEqual([409, 'no_boundary']);
  expect(await refusal('globex', { anchor, from: '2026-09-01T00:00:00Z' })).toEqual([409, 'before_start']);
  expect(await refusal('globex', { anchor: 'the first' })).toEqual([400, 'invalid_body']);
  expect(await refusal('globex', { anchor: '1999-01-01T00:00:00Z' })).toEqual([400, 'invalid_body']);
  expect(await refusal('globex', { anchor, periodLength: 'quarter' })).toEqual([400, 'invalid_body']);
  expect(await refusal('nobody', { anchor })).toEqual([404, 'unknown_tenant']);
  const key = await bench.makeKey(['admin'], 'globex');
  const own = await bench.call('POST', '/v1/tenants/globex/billing-anchor', { body: { anchor }, key });
  expect(own.status).toBe(403);
});
