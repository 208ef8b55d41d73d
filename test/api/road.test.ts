import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CATALOGUE, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

function event(id: string, occurredAt: string, quantity = 1) {
  return { id, tenant: 'acme', type: 'calls', occurredAt, quantity };
}

function outcomesOf(answer: { body: { results: { outcome: string }[] } }): string[] {
  return answer.body.results.map(({ outcome }) => outcome);
}

describe('usage on its way through the API', () => {
  let bench: ApiBench;

  beforeAll(async () => {
    bench = await openApiBench();
    await bench.apply(CATALOGUE);
  });

  afterAll(async () => {
    await bench.close();
  });

  test('is taken event by event, up to the limit', async () => {
    const key = await bench.makeKey(['ingest'], 'acme');
    const body = [
      event('a', '2026-11-20T10:00:00Z', 30),
      event('b', '2026-11-19T23:59:59.9999999Z', 12),
      event('a', '2026-11-20T10:00:00Z', 30),
      event('a', '2026-11-20T10:00:00Z', 31),
      event('c', '2026-11-20T10:00:00Z', 59),
      { ...event('d', '2026-11-20T10:00:00Z'), tenant: 'globex' },
      { ...event('e', '2026-11-20T10:00:00Z'), colour: 'red' },
    ];
    const answer = await bench.call('POST', '/v1/events', { key, body });
    expect(answer.status).toBe(200);
    expect(outcomesOf(answer)).toEqual([
      'accepted',
      'accepted',
      'duplicate',
      'conflict',
      'limit_exceeded',
      'unknown_tenant',
      'invalid',
    ]);
  });

  test('shows at once in the live counters and the spend, before anything is drained', async () => {
    const usage = await bench.call('GET', '/v1/tenants/acme/usage');
    expect(usage.body).toMatchObject({
      tenant: 'acme',
      timeZone: 'UTC',
      by: 'day',
      period: { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
      data: [],
      live: { calls: { unit: 'call', quantity: '42', eventCount: '2' } },
      liveSource: 'counters',
    });
    const spend = await bench.call('GET', '/v1/tenants/acme/spend');
    expect(spend.body).toMatchObject({
      plan: { key: 'basic', version: 1 },
      currency: 'USD',
      subtotalMinor: '2420',
      taxMinor: '242',
      totalMinor: '2662',
      total: '26.62',
    });
    expect(
      spend.body.lines.map(({ key, amountMinor }: { key: string; amountMinor: string }) => [key, amountMinor]),
    ).toEqual([
      ['base', '2000'],
      ['charge:calls', '420'],
    ]);
  });

  test('is in the ledger by day and by event once it is drained', async () => {
    await bench.drain();
    const usage = await bench.call('GET', '/v1/tenants/acme/usage?by=day');
    expect(usage.body.data).toEqual([
      { start: '2026-11-19T00:00:00Z', meter: 'calls', unit: 'call', quantity: '12', eventCount: '1' },
      { start: '2026-11-20T00:00:00Z', meter: 'calls', unit: 'call', quantity: '30', eventCount: '1' },
    ]);
    const first = await bench.call(
      'GET',
      '/v1/events?tenant=acme&meter=calls&accountingPeriod=2026-11-01T00:00:00Z&limit=1',
    );
    expect(first.body.data).toEqual([
      expect.objectContaining({ id: 'b', tenant: 'acme', occurredAt: '2026-11-19T23:59:59.999999Z', quantity: '12' }),
    ]);
    const second = await bench.call('GET', `/v1/events?tenant=acme&limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ data: [{ id: 'a' }], nextCursor: null });
    const none = await bench.call('GET', '/v1/events?tenant=acme&type=other');
    expect(none.body).toEqual({ data: [], nextCursor: null });
  });

  test.each([
    ['text/plain', 415],
    ['application/json', 400],
  ])('that cannot be read is one problem: %s %i', async (type, status) => {
    const answer = await bench.call('POST', '/v1/events', {
      key: await bench.makeKey(['ingest']),
      body: '{"tenant":',
      headers: { 'content-type': type },
    });
    expect([answer.status, answer.body.status]).toEqual([status, status]);
    expect(answer.body.error.message.length).toBeGreaterThan(10);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('that is too large is refused while it is still being sent, and the service goes on', async () => {
    const key = await bench.makeKey(['ingest']);
    const answer = await bench.call('POST', '/v1/events', { key, body: ' '.repeat(1_100_000) });
    expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close']);
    expect((await bench.call('GET', '/healthz')).status).toBe(200);
  });

  test('of a key that may backfill is taken from long ago, and known again', async () => {
    const key = await bench.makeKey(['ingest:backfill']);
    const old = [event('old', '2026-10-02T00:00:00Z', 5)];
    expect(outcomesOf(await bench.call('POST', '/v1/events', { key, body: old }))).toEqual(['accepted']);
    expect(outcomesOf(await bench.call('POST', '/v1/events', { key, body: old }))).toEqual(['duplicate']);
    const ordinary = await bench.makeKey(['ingest']);
    const answer = await bench.call('POST', '/v1/events', {
      key: ordinary,
      body: [event('old2', '2026-10-02T00:00:00Z')],
    });
    expect(outcomesOf(answer)).toEqual(['too_late']);
  });

  test('is taken as a CloudEvent whose attributes are headers', async () => {
    const names = { specversion: '1.0', id: 'ce', source: '/till', type: 'calls', subject: 'globex' };
    const headers = Object.fromEntries(Object.entries(names).map(([name, value]) => [`ce-${name}`, value]));
    const answer = await bench.call('POST', '/v1/events', {
      body: { quantity: 3 },
      headers: { ...headers, 'ce-time': '2026-11-20T10:00:00Z' },
    });
    expect(outcomesOf(answer)).toEqual(['accepted']);
    const usage = await bench.call('GET', '/v1/tenants/globex/usage');
    expect(usage.body.live).toMatchObject({ calls: { quantity: '3' } });
  });
});
