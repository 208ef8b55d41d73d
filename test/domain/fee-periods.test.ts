import { describe, expect, test } from 'vitest';

import { feePartsWithin } from '../../src/domain/fee-periods.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { PeriodLength } from '../../src/domain/period-length.ts';

interface Asked {
  readonly timeZone?: string;
  readonly anchor: string;
  readonly every: PeriodLength;
  /** What is held from when to when; `null`: for good. */
  readonly held: readonly [from: string, to: string | null];
  readonly window: readonly [start: string, end: string];
}

/** The parts as `period start, period end: from, to`. */
function partsOf({ timeZone = 'UTC', anchor, every, held, window }: Asked): readonly string[] {
  const [from, to] = held;
  const item = { fromMicros: requireInstant(from), toMicros: to === null ? null : requireInstant(to) };
  const [startMicros, endMicros] = [requireInstant(window[0]), requireInstant(window[1])];
  const parts = feePartsWithin({ timeZone, anchorMicros: requireInstant(anchor), every }, item, {
    startMicros,
    endMicros,
  });
  return parts.map(({ period, fromMicros, toMicros }) => {
    const [start, end, first, last] = [period.startMicros, period.endMicros, fromMicros, toMicros].map(formatInstant);
    return `${start}, ${end}: ${first}, ${last}`;
  });
}

const ANCHOR = '2026-01-01T00:00:00Z';
const MARCH = ['2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'] as const;

describe('the parts of the periods of a fee', () => {
  test('are as long as something is held, and not cut by the window', () => {
    expect(partsOf({ anchor: ANCHOR, every: 'year', held: ['2026-02-10T00:00:00Z', null], window: MARCH })).toEqual([
      '2026-01-01T00:00:00Z, 2027-01-01T00:00:00Z: 2026-02-10T00:00:00Z, 2027-01-01T00:00:00Z',
    ]);
    const held = [ANCHOR, '2026-03-10T12:00:00Z'] as const;
    expect(partsOf({ anchor: ANCHOR, every: 'month', held, window: MARCH })).toEqual([
      '2026-03-01T00:00:00Z, 2026-04-01T00:00:00Z: 2026-03-01T00:00:00Z, 2026-03-10T12:00:00Z',
    ]);
  });

  test('are those that reach into the window: what ends where it begins, or begins where it ends, does not', () => {
    expect(partsOf({ anchor: ANCHOR, every: 'month', held: [ANCHOR, MARCH[0]], window: MARCH })).toEqual([]);
    expect(partsOf({ anchor: ANCHOR, every: 'month', held: [MARCH[1], null], window: MARCH })).toEqual([]);
    expect(partsOf({ anchor: ANCHOR, every: 'week', held: [ANCHOR, null], window: MARCH })).toHaveLength(5);
  });

  test('begin with the anchor, whatever was held before', () => {
    const anchor = '2026-03-20T00:00:00Z';
    expect(partsOf({ anchor, every: 'year', held: [ANCHOR, null], window: MARCH })).toEqual([
      '2026-03-20T00:00:00Z, 2027-03-20T00:00:00Z: 2026-03-20T00:00:00Z, 2027-03-20T00:00:00Z',
    ]);
  });

  test('have a day of 23 hours where clocks go forward', () => {
    const window = ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'] as const;
    const anchor = '2026-03-01T23:00:00Z';
    expect(partsOf({ timeZone: 'Europe/Berlin', anchor, every: 'day', held: [anchor, null], window })).toEqual([
      '2026-03-28T23:00:00Z, 2026-03-29T22:00:00Z: 2026-03-28T23:00:00Z, 2026-03-29T22:00:00Z',
    ]);
  });

  test('have no part of a day that the zone skipped', () => {
    const window = ['2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z'] as const;
    const anchor = '2011-12-01T10:00:00Z';
    expect(partsOf({ timeZone: 'Pacific/Apia', anchor, every: 'day', held: [anchor, null], window })).toEqual([
      '2011-12-29T10:00:00Z, 2011-12-30T10:00:00Z: 2011-12-29T10:00:00Z, 2011-12-30T10:00:00Z',
      '2011-12-30T10:00:00Z, 2011-12-31T10:00:00Z: 2011-12-30T10:00:00Z, 2011-12-31T10:00:00Z',
    ]);
  });

  test('are hours of a whole leap year, and no more of them than are listed', () => {
    const window = ['2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'] as const;
    const asked = { anchor: window[0], held: [window[0], null], window } as const;
    expect(partsOf({ ...asked, every: 'hour' })).toHaveLength(8_784);
    expect(() => partsOf({ ...asked, every: 'minute' })).toThrow(RangeError);
  });
});
