import { addOnSpans, type PeriodSpan, periodSpans } from '../catalog/period-spans.ts';
import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { Queryable } from '../ledger/database.ts';
import { sumChargeUsage, tooMuchSentence } from '../ledger/sum-charge-usage.ts';
import { isWholePeriod } from '../ledger/usage-window.ts';
import type { ChargeUsage } from '../rating/inputs.ts';
import { type PlanReading, planReadings, readsMeterAlone } from '../rating/plan-readings.ts';
import type { OpenPeriodUsage } from './open-period-usage.ts';

/** A part of the open period under one plan, with the usage of its charges. */
export interface OpenSpan extends PeriodSpan {
  readonly usage: readonly ChargeUsage[];
}

/** The spans of an open period; or why they cannot be rated, as sentences. `undefined`: a part of it has no plan. */
export type OpenSpans =
  | { readonly spans: readonly OpenSpan[]; readonly addOns: readonly OpenSpan[] }
  | { readonly problems: readonly string[] }
  | undefined;

/**
 * The open period by the plans and add-ons of its timelines. Counters know one number of each meter: a charge that wants no more is given it, up to
 * the last accepted event. What wants more (a filter, values of dimensions, hours or days, single events), and every charge that holds
 * for a part of the period, is given what the ledger has: it is as old as the drain is behind, seconds.
 */
export async function readOpenSpans(
  db: Queryable,
  snapshot: CatalogueSnapshot,
  entry: TenantEntry,
  live: OpenPeriodUsage,
): Promise<OpenSpans> {
  const parts = periodSpans(entry, live.period);
  if (parts === undefined) return undefined;
  const spans = await withUsage(db, snapshot, entry, { live, parts });
  if ('problems' in spans) return spans;
  const addOns = await withUsage(db, snapshot, entry, { live, parts: addOnSpans(entry, live.period) });
  return 'problems' in addOns ? addOns : { spans: spans.read, addOns: addOns.read };
}

async function withUsage(
  db: Queryable,
  { meters }: CatalogueSnapshot,
  entry: TenantEntry,
  { live, parts }: { readonly live: OpenPeriodUsage; readonly parts: readonly PeriodSpan[] },
): Promise<{ readonly read: readonly OpenSpan[] } | { readonly problems: readonly string[] }> {
  const read: OpenSpan[] = [];
  for (const part of parts) {
    const isWhole = isWholePeriod({ ...part, period: live.period });
    const readings = planReadings(part.plan, meters);
    const isCounted = (reading: PlanReading): boolean => isWhole && readsMeterAlone(reading);
    const fromLedger = await sumSpan(
      db,
      entry,
      live,
      part,
      readings.filter((one) => !isCounted(one)),
    );
    if ('problems' in fromLedger) return fromLedger;
    const counted = readings.filter(isCounted).flatMap((reading) => countedUsage(reading, live));
    read.push({ ...part, usage: inOrder(part, [...counted, ...fromLedger.usage]) });
  }
  return { read };
}

function countedUsage({ charge, meter }: PlanReading, { meters }: OpenPeriodUsage): ChargeUsage[] {
  const used = meters.find((one) => one.meter === meter);
  if (used === undefined) return [];
  return [{ charge, quantity: used.quantity, eventCount: used.eventCount, ledgerRange: null }];
}

async function sumSpan(
  db: Queryable,
  { tenant }: TenantEntry,
  { period }: OpenPeriodUsage,
  { fromMicros, toMicros }: PeriodSpan,
  readings: readonly PlanReading[],
): Promise<{ readonly usage: readonly ChargeUsage[] } | { readonly problems: readonly string[] }> {
  const selection = {
    tenant: tenant.id,
    timeZone: tenant.timeZone,
    window: { period, fromMicros, toMicros },
    accountingFromMicros: period.startMicros,
    accountingThroughMicros: period.startMicros,
  };
  const answer = await sumChargeUsage(db, selection, readings);
  if ('tooMuch' in answer) return { problems: answer.tooMuch.map(tooMuchSentence) };
  return { usage: answer.sums.map(({ first: _first, last: _last, ...usage }) => ({ ...usage, ledgerRange: null })) };
}

/** As the charges of the plan stand. */
function inOrder({ plan }: PeriodSpan, usage: readonly ChargeUsage[]): readonly ChargeUsage[] {
  return plan.charges.flatMap(({ key }) => usage.find(({ charge }) => charge === key) ?? []);
}
