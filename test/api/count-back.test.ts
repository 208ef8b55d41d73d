import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openApiBench } from './api-bench.ts';
import type { ApiBench, Answer } from './api-bench.ts';

const CATALOGUE = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: count }
plans:
  - { key: basic, currency: USD, charges: [{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.10 } }] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic, timeZone: Asia/Kathmandu }
  - { id: globex, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

const LATER = `
meters:
  - key: bytes
    eventType: calls
    aggregation: sum
    value: { weights: { in: 1, out: 2.5 } }
    scale: 1
    filter: [{ property: free, exists: false }]
    dimensions: [region]
  - { key: largest, eventType: calls, aggregation: max, value: { property: in }, from: 2026-11-12T00:00:00Z }
  - { key: latest, eventType: calls, aggregation: latest, value: { property: in }, from: 2026-11-05T00:00:00Z }
  - { key: regions, eventType: calls, aggregation: unique, value: { property: region } }
`;

let bench: ApiBench;
let key: string;

async function send(id: string, occurredAt: string, properties: object, tenant = 'acme'): Promise<string> {
  const answer = await bench.call('POST', '/v1/events', {
    key,
    body: [{ id, tenant, type: 'calls', occurredAt, properties }],
  });
  return answer.body.results[0].outcome;
}

async function countBack(meter: string, body: object = { to: '2026-11-01T00:00:00Z' }): Promise<Answer> {
  return bench.call('POST', `/v1/meters/${meter}/count-back`, { body });
}

async function live(tenant = 'acme'): Promise<Record<string, { quantity: string; eventCount: string }>> {
  const answer = await bench.call('GET', `/v1/tenants/${tenant}/usage`);
  const entries = Object.entries<{ quantity: string; eventCount: string }>(answer.body.live);
  return Object.fromEntries(entries.map(([name, { quantity, eventCount }]) => [name, { quantity, eventCount }]));
}

async function audit(): Promise<unknown> {
  await bench.drain();
  const answer = await bench.call('POST', '/v1/verify/counters', { body: {} });
  return answer.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
    .filter((line) => !('progress' in line));
}

describe('a meter that comes after its events', () => {
  beforeAll(async () => {
    bench = await openApiBench();
    await bench.apply(CATALOGUE);
    key = await bench.makeKey(['ingest']);
    await send('a', '2026-11-02T00:00:00Z', { in: 10, out: 2, region: 'eu' });
    await send('b', '2026-11-10T10:00:00Z', { in: 7, region: 'us' });
    await send('free', '2026-11-11T00:00:00Z', { in: 100, free: true });
    await send('bad', '2026-11-11T00:00:00Z', { in: 'much' });
    await send('c', '2026-11-12T00:00:00Z', { in: 5, region: 'eu' });
    await send('other', '2026-11-12T00:00:00Z', { out: 4 }, 'globex');
    await bench.drain();
    // Of this one the journal alone knows when the meters come.
    await send('d', '2026-11-20T10:00:00Z', { in: 1, region: 'eu' });
    await bench.apply(LATER);
    expect(await send('new', '2026-11-20T10:30:00Z', { in: 1, region: 'jp' })).toBe('accepted');
  });

  afterAll(async () => {
    await bench.close();
  });

  test('counts none of them by itself, and all of them on request, once', async () => {
    expect((await live())['bytes']).toEqual({ quantity: '1', eventCount: '1' });
    expect((await countBack('bytes')).body).toEqual({ meter: 'bytes', counted: 5, unreadable: 1, nextCursor: null });
    expect((await live())['bytes']).toEqual({ quantity: '29', eventCount: '5' });
    expect((await live('globex'))['bytes']).toEqual({ quantity: '10', eventCount: '1' });
    expect((await countBack('bytes')).body).toMatchObject({ counted: 0, nextCursor: null });
    expect((await live())['bytes']).toEqual({ quantity: '29', eventCount: '5' });
    expect(await audit()).toEqual([{ result: expect.objectContaining({ isEqual: true, differences: 0 }) }]);
  });

  test('counts back to the instant that is named, and not past its own beginning', async () => {
    expect((await countBack('largest')).body).toMatchObject({ counted: 2, unreadable: 1 });
    expect((await live())['largest']).toEqual({ quantity: '5', eventCount: '3' });
    expect((await countBack('latest', { to: '2026-11-11T00:00:00Z', tenant: 'acme' })).body).toMatchObject({
      counted: 3,
      unreadable: 1,
    });
    expect((await live())['latest']).toEqual({ quantity: '1', eventCount: '4' });
    expect((await countBack('regions')).body).toMatchObject({ counted: 4, unreadable: 3 });
    expect(await audit()).toEqual([{ result: expect.objectContaining({ isEqual: true, differences: 0 }) }]);
  });

  test('has its usage by the hours and dimensions of the events, and its events with their readings', async () => {
    const { rows } = await bench.pool.query(
      `select dimensions ->> 'region' as region, hour, quantity_sum::float8 as sum from usage_hourly
       where tenant = 'acme' and meter = 'bytes' order by hour, region`,
    );
    expect(rows.map((row) => [row.region, row.hour.toISOString(), row.sum])).toEqual([
      ['eu', '2026-11-01T23:15:00.000Z', 15],
      ['us', '2026-11-10T09:15:00.000Z', 7],
      ['eu', '2026-11-11T23:15:00.000Z', 5],
      ['eu', '2026-11-20T09:15:00.000Z', 1],
      ['jp', '2026-11-20T10:15:00.000Z', 1],
    ]);
    const events = await bench.call('GET', '/v1/events?tenant=acme&meter=bytes');
    expect(events.body.data.map(({ id, readings }: { id: string; readings: object }) => [id, readings])).toEqual([
      ['a', { calls: '1', bytes: ['15', { region: 'eu' }], regions: expect.any(String) }],
      ['b', { calls: '1', bytes: ['7', { region: 'us' }], regions: expect.any(String) }],
      ['c', expect.objectContaining({ bytes: ['5', { region: 'eu' }], largest: '5' })],
      ['d', expect.objectContaining({ bytes: ['1', { region: 'eu' }] })],
      ['new', expect.objectContaining({ bytes: ['1', { region: 'jp' }] })],
    ]);
  });

  test('goes on behind the place that is named', async () => {
    const body = 'meters: [{ key: again, eventType: calls, aggregation: count }]';
    await bench.apply(body);
    const micros = BigInt(Date.parse('2026-11-12T00:00:00Z')) * 1_000n;
    const cursor = Buffer.from(`acme.${micros}.${'f'.repeat(32)}`).toString('base64url');
    const answer = await countBack('again', { to: '2026-11-01T00:00:00Z', tenant: 'acme', cursor });
    expect(answer.body).toMatchObject({ counted: 2, nextCursor: null });
  });

  test('leaves periods alone that are sealed', async () => {
    await bench.pool.query(`update gate set sealed_through = '2026-11-30T18:15:00Z' where tenant = 'acme'`);
    const body = 'meters: [{ key: sealed, eventType: calls, aggregation: count }]';
    await bench.apply(body);
    expect((await countBack('sealed')).body).toMatchObject({ counted: 1, unreadable: 0 });
  });

  test('is refused where an older version has read them, or there is no such meter or tenant', async () => {
    const body = 'meters: [{ key: calls, aggregation: count, unit: call }]';
    await bench.apply(body);
    const answers = [
      await countBack('calls'),
      await countBack('nothing'),
      await countBack('bytes', { to: '2026-11-01T00:00:00Z', tenant: 'nobody' }),
      await countBack('bytes', { to: 'yesterday' }),
      await countBack('bytes', { to: '2026-11-01T00:00:00Z', cursor: 'elsewhere' }),
    ];
    expect(answers.map(({ status, body: { error } }) => [status, error.code])).toEqual([
      [409, 'meter_has_versions'],
      [404, 'unknown_meter'],
      [404, 'unknown_tenant'],
      [400, expect.any(String)],
      [400, 'invalid'],
    ]);
  });
});
