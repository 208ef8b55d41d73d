import { dayStart } from '../domain/calendar-hour.ts';
import type { Rollup } from './collect-rollups.ts';

/** Adds rollups of hours up to those of their days: one entry per row of `usage_daily`, in the order of its key. Pure. */
export function daysOfHours(hours: readonly Rollup[]): Rollup[] {
  const days: Rollup[] = [];
  // In the order of their keys, the hours of a day stand together.
  for (const hour of hours) {
    const day = { ...hour, startMicros: dayStart(hour.timeZone, hour.startMicros) };
    const last = days.at(-1);
    if (last !== undefined && isSamePlace(last, day)) days[days.length - 1] = joined(last, day);
    else days.push(day);
  }
  return days;
}

function isSamePlace(one: Rollup, other: Rollup): boolean {
  return (
    one.startMicros === other.startMicros &&
    one.dimensionsJson === other.dimensionsJson &&
    one.meter === other.meter &&
    one.accountingPeriodMicros === other.accountingPeriodMicros &&
    one.usagePeriodMicros === other.usagePeriodMicros &&
    one.tenant === other.tenant
  );
}

function joined(earlier: Rollup, later: Rollup): Rollup {
  return {
    ...earlier,
    eventCount: earlier.eventCount + later.eventCount,
    sum: earlier.sum + later.sum,
    max: earlier.max === null || (later.max !== null && later.max > earlier.max) ? later.max : earlier.max,
    // Every event of a later hour is later.
    last: later.last ?? earlier.last,
    firstSequence: Math.min(earlier.firstSequence, later.firstSequence),
    finalSequence: Math.max(earlier.finalSequence, later.finalSequence),
  };
}
