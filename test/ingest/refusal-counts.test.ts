import { describe, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import type { Meter } from '../../src/domain/meter.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { RefusalCounts, type CountedRefusal } from '../../src/ingest/refusal-counts.ts';

function meter(key: string, aggregation: Meter['aggregation'], scale = 0): Meter {
  return { key, aggregation, scale } as Meter;
}

const CALLS = meter('calls', 'sum');
const GB = meter('gb', 'sum', 3);
const PEAK = meter('peak', 'max');

function refuse(
  counts: RefusalCounts,
  of: Meter,
  scaled: number,
  more: { at?: string; zone?: string; reason?: Outcome } = {},
) {
  counts.add({
    tenant: 'acme',
    timeZone: more.zone ?? 'UTC',
    arrivedMicros: requireInstant(more.at ?? '2026-11-20T10:30:15Z'),
    reason: more.reason ?? 'limit_exceeded',
    readings: [{ meter: of, scaled, valueText: '' }],
  });
}

async function stored(counts: RefusalCounts, countsMax = 100): Promise<CountedRefusal[]> {
  const all: CountedRefusal[] = [];
  await counts.store(countsMax, async (some) => void all.push(...some));
  return all;
}

describe('refusal counts', () => {
  test('add up by hour of arrival, meter and reason', async () => {
    const counts = new RefusalCounts();
    refuse(counts, CALLS, 3);
    refuse(counts, CALLS, 4, { at: '2026-11-20T10:59:59.999999Z' });
    refuse(counts, CALLS, 5, { at: '2026-11-20T11:00:00Z' });
    refuse(counts, CALLS, 6, { reason: 'too_late' });
    refuse(counts, GB, 1_250);
    refuse(counts, PEAK, 9);
    const ten = requireInstant('2026-11-20T10:00:00Z');
    const eleven = requireInstant('2026-11-20T11:00:00Z');
    const common = { tenant: 'acme', hourMicros: ten, reason: 'limit_exceeded' };
    expect(await stored(counts)).toEqual([
      { ...common, meter: 'calls', eventCount: 2, quantity: '7' },
      { ...common, meter: 'calls', hourMicros: eleven, eventCount: 1, quantity: '5' },
      { ...common, meter: 'calls', reason: 'too_late', eventCount: 1, quantity: '6' },
      { ...common, meter: 'gb', eventCount: 1, quantity: '1.25' },
      { ...common, meter: 'peak', eventCount: 1, quantity: null },
    ]);
    expect(await stored(counts)).toEqual([]);
  });

  test('take the hour of the tenant: in Kathmandu it begins at a quarter past', async () => {
    const counts = new RefusalCounts();
    refuse(counts, CALLS, 1, { zone: 'Asia/Kathmandu', at: '2026-11-20T10:14:59Z' });
    refuse(counts, CALLS, 1, { zone: 'Asia/Kathmandu', at: '2026-11-20T10:15:00Z' });
    expect((await stored(counts)).map(({ hourMicros }) => hourMicros)).toEqual([
      requireInstant('2026-11-20T09:15:00Z'),
      requireInstant('2026-11-20T10:15:00Z'),
    ]);
  });

  test('stay exact past 2^53', async () => {
    const counts = new RefusalCounts();
    refuse(counts, CALLS, Number.MAX_SAFE_INTEGER);
    refuse(counts, CALLS, Number.MAX_SAFE_INTEGER);
    refuse(counts, CALLS, 1);
    expect((await stored(counts))[0]?.quantity).toBe('18014398509481983');
  });

  test('stay when they cannot be stored, together with what came meanwhile', async () => {
    const counts = new RefusalCounts();
    refuse(counts, CALLS, 3);
    refuse(counts, PEAK, 1);
    const failing = counts.store(100, () => {
      refuse(counts, CALLS, 4);
      return Promise.reject(new Error('away'));
    });
    await expect(failing).rejects.toThrow('away');
    expect((await stored(counts)).map(({ meter: key, eventCount, quantity }) => [key, eventCount, quantity])).toEqual([
      ['calls', 2, '7'],
      ['peak', 1, null],
    ]);
  });

  test('go in batches, and past their bound new ones are dropped and told', async () => {
    const counts = new RefusalCounts();
    const bound = 50_000;
    for (let number = 0; number < bound + 2; number += 1) refuse(counts, meter(`m${number}`, 'sum'), 1);
    refuse(counts, meter('m0', 'sum'), 1);
    expect([counts.size, counts.takeDropped(), counts.takeDropped()]).toEqual([bound, 2, 0]);
    expect((await stored(counts, 10)).map(({ eventCount }) => eventCount)).toEqual([2, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(counts.size).toBe(bound - 10);
  });
});
