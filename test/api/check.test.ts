import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CATALOGUE, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
});

afterAll(async () => {
  await bench.close();
});

function check(body: unknown, key?: string) {
  return bench.call('POST', '/v1/check', { body, ...(key === undefined ? {} : { key }) });
}

describe('POST /v1/check', () => {
  test('answers a sender and a reader alike, and what was sent since shows', async () => {
    const limit = { meter: 'calls', window: 'period', limit: '100', resetsAt: '2026-12-01T00:00:00Z' };
    for (const scope of ['ingest', 'read', 'ingest:backfill', 'admin'] as const) {
      const answer = await check({ tenant: 'acme', meter: 'calls', quantity: '100' }, await bench.makeKey([scope]));
      expect([answer.status, answer.body]).toEqual([
        200,
        { allowed: true, limits: [{ ...limit, used: '0', remaining: '100' }] },
      ]);
    }
    const event = { id: 'a', tenant: 'acme', type: 'calls', quantity: 60, occurredAt: '2026-11-20T10:00:00Z' };
    expect((await bench.call('POST', '/v1/events', { body: event })).body.results[0].outcome).toBe('accepted');
    expect((await check({ tenant: 'acme', meters: ['calls'], quantity: 41 })).body).toEqual({
      allowed: false,
      reason: 'limit_exceeded',
      limits: [{ ...limit, used: '60', remaining: '40' }],
    });
    expect((await check({ tenant: 'acme', meter: 'calls' })).body.allowed).toBe(true);
  });

  test.each([
    [{ tenant: 'nobody', meter: 'calls' }, 404, 'unknown_tenant', undefined],
    [{ tenant: 'acme', meter: 'nothing' }, 404, 'unknown_meter', undefined],
    [{ meter: 'calls' }, 400, 'invalid_body', 'tenant'],
    [{ tenant: 'acme' }, 400, 'invalid_body', 'meter'],
    [{ tenant: 'acme', meter: 'calls', meters: ['calls'] }, 400, 'invalid_body', 'meter'],
    [{ tenant: 'acme', meters: [] }, 400, 'invalid_body', 'meters'],
    [{ tenant: 'acme', meters: ['calls', 'calls'] }, 400, 'invalid_body', 'meters'],
    [{ tenant: 'acme', meter: 'calls', quantity: '0.5' }, 400, 'invalid_body', 'quantity'],
    [{ tenant: 'acme', meter: 'calls', quantity: true }, 400, 'invalid_body', 'quantity'],
    [{ tenant: 'acme', meter: 'calls', colour: 'red' }, 400, 'invalid_body', 'colour'],
  ])('refuses %j with %i %s', async (body, status, code, path) => {
    const answer = await check(body);
    expect([answer.status, answer.body.error.code, answer.body.error.path]).toEqual([status, code, path]);
  });

  test('for a key that is bound to a tenant no other tenant exists', async () => {
    const key = await bench.makeKey(['ingest'], 'acme');
    expect((await check({ tenant: 'globex', meter: 'calls' }, key)).body.error.code).toBe('unknown_tenant');
    expect((await check({ tenant: 'acme', meter: 'calls' }, key)).status).toBe(200);
  });
});
