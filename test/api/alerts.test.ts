import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { addAlerts } from '../../src/ledger/alerts.ts';
import type { NewAlert } from '../../src/ledger/alerts.ts';
import { CATALOGUE, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

const OCTOBER = '2026-10-01T00:00:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';
const REACHED: NewAlert = { meter: 'calls', threshold: 'limit:0.8', thresholdQuantity: '80', quantity: '81' };

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
  const add = (tenant: string, periodStart: string, found: readonly NewAlert[], at: string): Promise<number> =>
    addAlerts(bench.pool, { tenant, periodStart }, found, requireInstant(at));
  await add('acme', OCTOBER, [REACHED], '2026-10-20T10:00:00Z');
  await add('acme', NOVEMBER, [REACHED], '2026-11-10T10:00:00.000001Z');
  await add(
    'acme',
    NOVEMBER,
    [{ ...REACHED, threshold: 'limit:1', thresholdQuantity: '100', quantity: '100' }],
    '2026-11-12T00:00:00Z',
  );
  await add('globex', NOVEMBER, [REACHED], '2026-11-11T00:00:00Z');
});

afterAll(async () => {
  await bench.close();
});

interface Row {
  readonly tenant: string;
  readonly periodStart: string;
  readonly threshold: string;
}

async function alerts(path: string): Promise<string[]> {
  const { data } = (await bench.call('GET', path)).body as { data: readonly Row[] };
  return data.map(({ tenant, periodStart, threshold }) => `${tenant} ${periodStart.slice(0, 7)} ${threshold}`);
}

describe('GET /v1/alerts', () => {
  test('lists the alerts of all tenants, those found last first', async () => {
    expect(await alerts('/v1/alerts')).toEqual([
      'acme 2026-11 limit:1',
      'globex 2026-11 limit:0.8',
      'acme 2026-11 limit:0.8',
      'acme 2026-10 limit:0.8',
    ]);
  });

  test('tells what was reached, in whole units', async () => {
    const [first] = (await bench.call('GET', '/v1/tenants/acme/alerts')).body.data;
    expect(first).toEqual({
      id: expect.stringMatching(/^alr_[a-z2-7]{26}$/),
      tenant: 'acme',
      periodStart: NOVEMBER,
      meter: 'calls',
      unit: 'call',
      threshold: 'limit:1',
      thresholdQuantity: '100',
      quantity: '100',
      at: '2026-11-12T00:00:00Z',
    });
  });

  test.each([
    ['/v1/tenants/acme/alerts', ['acme 2026-11 limit:1', 'acme 2026-11 limit:0.8', 'acme 2026-10 limit:0.8']],
    ['/v1/alerts?tenant=globex', ['globex 2026-11 limit:0.8']],
    [`/v1/alerts?period=${OCTOBER}`, ['acme 2026-10 limit:0.8']],
    ['/v1/alerts?meter=others', []],
    [
      '/v1/alerts?from=2026-11-10T10:00:00.000001Z&to=2026-11-12T00:00:00Z',
      ['globex 2026-11 limit:0.8', 'acme 2026-11 limit:0.8'],
    ],
  ])('takes filters: %s', async (path, expected) => {
    expect(await alerts(path)).toEqual(expected);
  });

  test('reads page by page', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; page < 10 && cursor !== null; page += 1) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await bench.call('GET', `/v1/alerts?limit=1${more}`);
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(4);
  });

  test('hides other tenants, and refuses what it does not know', async () => {
    const key = await bench.makeKey(['read'], 'acme');
    expect((await bench.call('GET', '/v1/alerts', { key })).body.data).toHaveLength(3);
    expect((await bench.call('GET', '/v1/alerts?tenant=globex', { key })).status).toBe(404);
    expect((await bench.call('GET', '/v1/tenants/globex/alerts', { key })).status).toBe(404);
    expect((await bench.call('GET', '/v1/tenants/acme/alerts', { key: await bench.makeKey(['ingest']) })).status).toBe(
      403,
    );
    expect((await bench.call('GET', '/v1/alerts?cursor=abc')).body.error.code).toBe('invalid_cursor');
    expect((await bench.call('GET', '/v1/alerts?threshold=x')).body.error.code).toBe('invalid_query');
    expect((await bench.call('GET', '/v1/tenants/acme/alerts?tenant=globex')).body.error.code).toBe('invalid_query');
  });
});
