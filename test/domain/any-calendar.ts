import * as fc from 'fast-check';
import { expect } from 'vitest';

import { offsetChange, offsetMicros } from '../../src/domain/calendar-zone.ts';
import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  requireInstant,
  type EpochMicros,
} from '../../src/domain/instant.ts';
import { type BillingCalendar, periodAfter, periodAt } from '../../src/domain/period.ts';

/** Calendars and instants of any zone, half of them where clocks change: mistakes live there. */

const ZONES = [
  'UTC',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Asia/Beirut',
];

const FIRST = requireInstant('1975-01-01T00:00:00Z');
const LAST = requireInstant('2060-01-01T00:00:00Z');

const WEEK = 7 * MICROS_PER_DAY;

/** The next change of clocks in the year after an instant, or the instant: mistakes live around them. */
export function nextChange(zone: string, instant: EpochMicros): EpochMicros {
  for (let week = 0; week < 53; week += 1) {
    const from = instant + week * WEEK;
    if (offsetMicros(zone, from) !== offsetMicros(zone, from + WEEK)) return offsetChange(zone, from, from + WEEK);
  }
  return instant;
}

export interface Moment {
  readonly zone: string;
  readonly instant: EpochMicros;
}

export const instants = fc.integer({ min: FIRST, max: LAST });
export const aroundMicros = fc.oneof(
  fc.constantFrom(-1, 0, 1),
  fc.integer({ min: -12, max: 12 }).map((quarters) => quarters * 15 * MICROS_PER_MINUTE),
  fc.integer({ min: -2 * MICROS_PER_DAY, max: 2 * MICROS_PER_DAY }),
);
export const lengths = fc.constantFrom('year' as const, 'month', 'week', 'day', 'hour', 'minute');

/** Moments of any zone, half of them around a change of its clocks. */
export const moments: fc.Arbitrary<Moment> = fc
  .record({ zone: fc.constantFrom(...ZONES), anywhere: instants, isEdge: fc.boolean(), around: aroundMicros })
  .map(({ zone, anywhere, isEdge, around }) => ({
    zone,
    instant: (isEdge ? nextChange(zone, anywhere) : anywhere) + around,
  }));

/** A calendar that begins at one moment, and an instant to ask for: near a change of clocks, or anywhere. */
export const questions = fc
  .record({
    start: moments,
    length: lengths,
    anywhere: instants,
    isEdge: fc.boolean(),
    around: aroundMicros,
  })
  .map(({ start, length, anywhere, isEdge, around }) => {
    const calendar: BillingCalendar = {
      timeZone: start.zone,
      anchor: formatInstant(start.instant),
      length,
      endsAt: null,
    };
    return { calendar, instant: (isEdge ? nextChange(start.zone, anywhere) : anywhere) + around };
  });

/** The law of every calendar: an instant from the anchor on is in exactly one period, and the next one follows it. */
export function expectOnePeriodAt(calendar: BillingCalendar, instant: EpochMicros): void {
  const period = periodAt(calendar, instant);
  if (instant < requireInstant(calendar.anchor)) {
    expect(period).toBeUndefined();
    return;
  }
  if (period === undefined) throw new Error('no period');
  expect(period.startMicros).toBeLessThanOrEqual(instant);
  expect(instant).toBeLessThan(period.endMicros);
  const next = periodAfter(calendar, period);
  expect(next?.startMicros).toBe(period.endMicros);
  expect(next?.ordinal).toBeGreaterThan(period.ordinal);
  for (const inside of [period.startMicros, period.endMicros - 1]) {
    expect(periodAt(calendar, inside)).toEqual(period);
  }
}
