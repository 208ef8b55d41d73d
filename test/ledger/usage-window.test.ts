import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { MICROS_PER_HOUR, MICROS_PER_MINUTE, requireInstant } from '../../src/domain/instant.ts';
import { dayStart, hourStart } from '../../src/domain/period.ts';
import { windowParts } from '../../src/ledger/usage-window.ts';

const QUARTER = 15 * MICROS_PER_MINUTE;
const RUNS = 500;

/** Quarters of an hour around an instant at which the clocks of a zone change, or at which its hours are odd. */
const quarters = (max: number) => fc.integer({ min: -max, max });

test.each([
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/St_Johns', '2026-11-01T04:30:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['Antarctica/Troll', '2026-10-25T01:00:00Z'],
  ['Asia/Kathmandu', '2026-05-01T00:00:00Z'],
  ['Asia/Kathmandu', '2026-05-01T18:15:00Z'],
  ['Asia/Beirut', '2025-10-25T21:00:00Z'],
  ['America/St_Johns', '2009-11-01T02:31:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
])('an instant of %s around %s is answered for once: by the rollup of its day or hour, or as a row', (zone, around) => {
  const middle = requireInstant(around);
  fc.assert(
    fc.property(
      fc.record({ start: quarters(30), length: fc.integer({ min: 1, max: 60 }), from: quarters(24), to: quarters(24) }),
      quarters(24),
      fc.integer({ min: 0, max: 1 }),
      ({ start, length, from, to }, at, late) => {
        const startMicros = middle + start * QUARTER;
        const endMicros = startMicros + length * QUARTER;
        const within = (instant: number): number => Math.min(Math.max(instant, startMicros), endMicros);
        const window = { fromMicros: within(middle + from * QUARTER + late), toMicros: within(middle + to * QUARTER) };
        const instant = middle + at * QUARTER;
        fc.pre(window.fromMicros < window.toMicros && startMicros <= instant && instant < endMicros);
        const parts = windowParts(zone, { period: { startMicros, endMicros }, ...window });
        const hour = hourStart(zone, instant);
        const isInRollups = parts.hoursFromMicros <= hour && hour < parts.hoursToMicros;
        const rows = parts.splitHours.filter((one) => one.fromMicros <= instant && instant < one.toMicros);
        const isWanted = window.fromMicros <= instant && instant < window.toMicros;
        expect(rows.length + Number(isInRollups)).toBe(Number(isWanted));
        // What the rollups answer for is in a whole day, or among the hours of a day that is cut.
        const day = dayStart(zone, instant);
        const cuts = parts.cutDays.filter(
          (cut) => cut.dayMicros === day && cut.fromMicros <= hour && hour < cut.toMicros,
        );
        const isInDays = parts.daysFromMicros <= day && day < parts.daysToMicros;
        expect(cuts.length + Number(isInDays)).toBe(Number(isInRollups));
        expect(parts.splitHours.every((one) => one.toMicros - one.fromMicros < 2 * MICROS_PER_HOUR)).toBe(true);
      },
    ),
    { numRuns: RUNS },
  );
});
