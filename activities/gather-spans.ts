import { addOnSpans, type PeriodSpan, periodSpans, spanTexts } from '../src/catalog/period-spans.ts';
import type { TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { formatInstant } from '../src/domain/instant.ts';
import type { Queryable } from '../src/ledger/database.ts';
import type { LedgerPeriod } from '../src/ledger/periods.ts';
import type { RatedSpan } from '../src/rating/inputs.ts';
import { gatherUsage, type UsageSource } from './gather-usage.ts';

/** The spans of a period, or why it cannot be billed, as sentences for an operator. */
export type GatheredSpans =
  | { readonly spans: readonly RatedSpan[]; readonly addOns: readonly RatedSpan[] }
  | { readonly problems: readonly string[] };

/** A period by the plan versions and add-ons of the tenant's timelines, each with the usage of its own time. */
export async function gatherSpans(
  db: Queryable,
  source: UsageSource,
  entry: TenantEntry,
  period: LedgerPeriod,
): Promise<GatheredSpans> {
  const parts = periodSpans(entry, period);
  if (parts === undefined) return { problems: [noPlan(entry, period)] };
  const spans = await withUsage(db, source, parts, period);
  if ('problems' in spans) return spans;
  const addOns = await withUsage(db, source, addOnSpans(entry, period), period);
  return 'problems' in addOns ? addOns : { spans: spans.rated, addOns: addOns.rated };
}

async function withUsage(
  db: Queryable,
  source: UsageSource,
  parts: readonly PeriodSpan[],
  period: LedgerPeriod,
): Promise<{ readonly rated: readonly RatedSpan[] } | { readonly problems: readonly string[] }> {
  const rated: RatedSpan[] = [];
  for (const part of parts) {
    const window = { period, fromMicros: part.fromMicros, toMicros: part.toMicros };
    const gathered = await gatherUsage(db, source, part.plan, window);
    if ('problems' in gathered) return gathered;
    rated.push({ ...spanTexts(part), usage: gathered.usage });
  }
  return { rated };
}

/** Left out where there is none, so that inputs say no more than they must. */
export function trialOf({ isTrial }: PeriodSpan): { readonly trial?: true } {
  return isTrial ? { trial: true } : {};
}

/** Why a period cannot be billed of which a part has no plan. */
export function noPlan({ tenant }: TenantEntry, { startMicros }: Pick<LedgerPeriod, 'startMicros'>): string {
  const start = formatInstant(startMicros);
  return `tenant ${tenant.id} has no plan in the period from ${start}, or not in all of it: give it one with \`tollkeeper apply\``;
}
