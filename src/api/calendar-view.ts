import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { Counting, PlannedAnchorChange } from '../catalog/plan-anchor-change.ts';
import { requireInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { type BillingCalendar, fullPeriod, type Period, periodAfter, periodAt } from '../domain/period.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import { isSameWindow } from '../domain/timeline.ts';
import { type PeriodTexts, periodTexts } from '../domain/window-texts.ts';

/** What periods are counted by. */
export interface CountingView {
  readonly anchor: InstantText;
  readonly periodLength: PeriodLength;
}

/** By what a tenant's periods are counted now, and every change of that: those that were and those that are planned. */
export interface CalendarView extends CountingView {
  readonly changes: readonly (CountingView & { readonly from: InstantText })[];
}

/** A period with the one that its fees are a part of; `null` where it is whole. */
export interface PlannedPeriodView extends PeriodTexts {
  readonly partOf: PeriodTexts | null;
}

/** Of the period before a change, the shorter one behind it, and two that show how it goes on. */
const PERIODS_SHOWN = 4;

/** The calendar of a tenant, seen at an instant. */
export function calendarView({ calendar }: Pick<TenantEntry, 'calendar'>, atMicros: EpochMicros): CalendarView {
  const { changes = [] } = calendar;
  const holding = changes.findLast(({ startsAt }) => requireInstant(startsAt) <= atMicros) ?? calendar;
  return {
    ...countingView(holding),
    changes: changes.map((change) => ({ from: change.startsAt, ...countingView(change) })),
  };
}

/** An anchor change as the API shows it, with the periods around it. */
export function anchorChangeView({ tenant, before, change, calendar, dropped, isUnchanged }: PlannedAnchorChange) {
  return {
    tenant,
    from: change.startsAt,
    before: countingView(before),
    after: countingView(change),
    unchanged: isUnchanged,
    dropped: dropped.map((one) => ({ from: one.startsAt, ...countingView(one) })),
    periods: periodsAround(calendar, requireInstant(change.startsAt)),
  };
}

function countingView({ anchor, length }: Counting): CountingView {
  return { anchor, periodLength: length };
}

function periodsAround(calendar: BillingCalendar, atMicros: EpochMicros): PlannedPeriodView[] {
  const shown: PlannedPeriodView[] = [];
  let period = periodAt(calendar, atMicros - 1) ?? periodAt(calendar, atMicros);
  while (period !== undefined && shown.length < PERIODS_SHOWN) {
    shown.push({ ...periodTexts(period), partOf: partOf(calendar, period) });
    period = periodAfter(calendar, period);
  }
  return shown;
}

function partOf(calendar: BillingCalendar, period: Period): PeriodTexts | null {
  const full = fullPeriod(calendar, period);
  return isSameWindow(full, period) ? null : periodTexts(full);
}
