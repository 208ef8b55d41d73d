import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { formatMinor } from '../domain/money.ts';
import type { Period } from '../domain/period.ts';
import { type PeriodTexts, periodTexts } from '../domain/window-texts.ts';
import type { ApiDeps } from './api-deps.ts';
import { openPeriod, readOpenPeriodUsage } from './open-period-usage.ts';
import { rateOpenPeriod } from './rate-open-period.ts';

/** Totals, tax included, as plain decimals of major units; `null` where the usage cannot be rated that way. */
export interface PriceDifference {
  readonly before: string | null;
  readonly after: string | null;
}

/** What a change of a tenant's timelines means in money, by the usage so far of the period that it is in, or else of the one that runs. */
export interface TimelinePreview {
  readonly currency: string;
  readonly period: PeriodTexts;
  /** The open period as it would be billed if it ended now, without the change and with it. */
  readonly thisPeriod: PriceDifference;
}

/** A change as it is foreseen: from when, and what is another way then. */
export interface ForeseenChange {
  readonly tenant: string;
  readonly atMicros: EpochMicros;
  readonly changed: Partial<Pick<TenantEntry, 'plans' | 'addOns' | 'prices' | 'quantities'>>;
}

/** Rates the open period both ways. `null` where no period is open. */
export async function previewTimelineChange(
  deps: ApiDeps,
  snapshot: CatalogueSnapshot,
  foreseen: ForeseenChange,
  atMicros: EpochMicros,
): Promise<TimelinePreview | null> {
  const entry = snapshot.tenants.get(foreseen.tenant);
  const period = entry === undefined ? undefined : changedPeriod(entry, foreseen.atMicros, atMicros);
  if (entry === undefined || period === undefined) return null;
  return {
    currency: entry.tenant.currency,
    period: periodTexts(period),
    thisPeriod: {
      before: await openPeriodTotal(deps, snapshot, entry, period),
      after: await openPeriodTotal(deps, snapshot, { ...entry, ...foreseen.changed }, period),
    },
  };
}

/** The open period that shows a change: one of a period that is over and not sealed yet is a change of that one. */
export function changedPeriod(entry: TenantEntry, changeMicros: EpochMicros, nowMicros: EpochMicros) {
  return openPeriod(entry, Math.min(changeMicros, nowMicros));
}

/** What an open period would be billed if it ended now, tax included; `null` where it cannot be rated. */
export async function openPeriodTotal(
  deps: ApiDeps,
  snapshot: CatalogueSnapshot,
  entry: TenantEntry,
  period: Period,
): Promise<string | null> {
  const usage = await readOpenPeriodUsage(deps, snapshot, entry, period);
  const rated = await rateOpenPeriod(deps.pool, snapshot, entry, usage);
  if (rated === undefined || 'problems' in rated.result) return null;
  return formatMinor(BigInt(rated.result.content.totalMinor), entry.tenant.currency);
}
