import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startRefusalKeeper } from '../../src/api/refusal-keeper.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { Meter } from '../../src/domain/meter.ts';
import { RefusalCounts } from '../../src/ingest/refusal-counts.ts';
import { CATALOGUE, NOW, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

/** One call, as ingest reads it. */
const READINGS = [{ meter: { key: 'calls', aggregation: 'sum', scale: 0 } as Meter, scaled: 1, valueText: '1' }];

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  const peak = '  - { key: peak, eventType: calls, aggregation: max, unit: call }\nplans:';
  const ends = CATALOGUE.replace('id: globex,', 'id: globex, endsAt: 2026-11-10T00:00:00Z,').replace('plans:', peak);
  await bench.apply(ends);
});

afterAll(async () => {
  await bench.close();
});

let number = 0;

async function send(quantity: number, occurredAt: string, tenant = 'acme'): Promise<string> {
  number += 1;
  const body = { id: `event-${number}`, tenant, type: 'calls', quantity, occurredAt };
  return (await bench.call('POST', '/v1/events', { body })).body.results[0].outcome;
}

async function refusals(query = '', tenant = 'acme') {
  return (await bench.call('GET', `/v1/tenants/${tenant}/refusals${query}`)).body;
}

/** The rows of meter `calls`, in short. */
async function calls(query = '', tenant = 'acme'): Promise<unknown[]> {
  const { data } = await refusals(query, tenant);
  return (data as Record<string, string>[])
    .filter(({ meter }) => meter === 'calls')
    .map(({ hour, reason, eventCount, quantity }) => [hour, reason, eventCount, quantity]);
}

async function storedCalls(): Promise<string | undefined> {
  const sql = "select sum(quantity)::text as quantity from refusal where meter = 'calls'";
  return (await bench.pool.query<{ quantity: string }>(sql)).rows[0]?.quantity;
}

describe('GET /v1/tenants/:id/refusals', () => {
  test('counts what was turned away by hour of arrival, meter and reason, and nothing else', async () => {
    expect(await send(90, '2026-11-20T10:00:00Z')).toBe('accepted');
    expect(await refusals()).toEqual({ data: [], nextCursor: null });
    expect(await send(11, '2026-11-20T10:00:00Z')).toBe('limit_exceeded');
    expect(await send(20, '2026-11-19T00:00:00Z')).toBe('limit_exceeded');
    expect(await send(1, '2026-11-20T11:00:00Z')).toBe('too_early');
    expect(await send(5, '2026-11-15T00:00:00Z', 'globex')).toBe('tenant_closed');
    number -= 4;
    expect(await send(10, '2026-11-20T10:00:00Z')).toBe('accepted');
    number -= 1;
    expect([await send(10, '2026-11-20T10:00:00Z')]).toEqual(['duplicate']);
    number -= 1;
    expect(await send(9, '2026-11-20T10:00:00Z')).toBe('conflict');
    const hour = '2026-11-20T10:00:00Z';
    const row = { hour, unit: 'call', reason: 'limit_exceeded', eventCount: '2' };
    expect((await refusals()).data).toEqual([
      { ...row, meter: 'calls', quantity: '31' },
      { ...row, meter: 'calls', reason: 'too_early', eventCount: '1', quantity: '1' },
      { ...row, meter: 'peak', quantity: null },
      { ...row, meter: 'peak', reason: 'too_early', eventCount: '1', quantity: null },
    ]);
    expect(await calls('', 'globex')).toEqual([[hour, 'tenant_closed', '1', '5']]);
  });

  test('goes on adding up, also from another process, and reads page by page', async () => {
    bench.setClock('2026-11-20T12:00:00Z');
    expect(await send(7, '2026-11-20T10:00:00Z')).toBe('limit_exceeded');
    const newer = ['2026-11-20T12:00:00Z', 'limit_exceeded', '1', '7'];
    const older = ['2026-11-20T10:00:00Z', 'limit_exceeded', '3', '32'];
    const counts = new RefusalCounts();
    const keeper = startRefusalKeeper({ pool: bench.pool, counts, onError: () => undefined });
    counts.add({
      tenant: 'acme',
      timeZone: 'UTC',
      arrivedMicros: requireInstant(NOW),
      reason: 'limit_exceeded',
      readings: READINGS,
    });
    await keeper.stop();
    const early = ['2026-11-20T10:00:00Z', 'too_early', '1', '1'];
    expect(await calls()).toEqual([newer, older, early]);
    expect(await calls('?meter=peak')).toEqual([]);
    expect(await calls('?from=2026-11-20T12:00:00Z')).toEqual([newer]);
    expect(await calls('?to=2026-11-20T12:00:00Z')).toEqual([older, early]);
    const rows: unknown[] = [];
    let cursor: string | null = '';
    for (let page = 0; page < 10 && cursor !== null; page += 1) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const answer = await refusals(`?meter=calls&limit=1${more}`);
      rows.push(...answer.data.map((row: { quantity: string }) => row.quantity));
      cursor = answer.nextCursor;
    }
    expect(rows).toEqual(['7', '32', '1']);
  });

  test('hides other tenants, and refuses what it does not know', async () => {
    const key = await bench.makeKey(['read'], 'acme');
    expect((await bench.call('GET', '/v1/tenants/globex/refusals', { key })).status).toBe(404);
    expect((await bench.call('GET', '/v1/tenants/acme/refusals', { key })).status).toBe(200);
    expect((await bench.call('GET', '/v1/tenants/acme/refusals?cursor=abc')).body.error.code).toBe('invalid_cursor');
    expect((await bench.call('GET', '/v1/tenants/acme/refusals?reason=x')).body.error.code).toBe('invalid_query');
  });

  test('is stored by itself, without anybody reading', async () => {
    expect(await send(1_000, '2026-11-20T11:59:00Z')).toBe('limit_exceeded');
    await expect.poll(storedCalls, { timeout: 10_000 }).toBe('1045');
  });

  test('cannot be deleted by the application', async () => {
    await expect(bench.pool.query('delete from refusal')).rejects.toThrow(/permission denied/);
  });
});

test('what cannot be stored is told and kept, and stored when the database is back', async () => {
  const counts = new RefusalCounts();
  const errors: unknown[] = [];
  let isAway = true;
  const query = (): Promise<unknown> => (isAway ? Promise.reject(new Error('away')) : Promise.resolve({ rows: [] }));
  const keeper = startRefusalKeeper({ pool: { query } as never, counts, onError: (error) => errors.push(error) });
  const arrivedMicros = requireInstant(NOW);
  counts.add({ tenant: 'acme', timeZone: 'UTC', arrivedMicros, reason: 'too_late', readings: READINGS });
  await expect(keeper.flush()).rejects.toThrow('away');
  expect(counts.size).toBe(1);
  await expect.poll(() => errors.length, { timeout: 10_000 }).toBeGreaterThan(0);
  isAway = false;
  await keeper.stop();
  expect(counts.size).toBe(0);
});
