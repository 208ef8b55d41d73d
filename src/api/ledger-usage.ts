import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { ChargeReading } from '../ledger/charge-reading.ts';
import type { Queryable } from '../ledger/database.ts';
import { sumChargeUsage } from '../ledger/sum-charge-usage.ts';
import type { ChargeUsage } from '../rating/inputs.ts';
import { readingOf } from '../rating/reading-of.ts';

/** Whose usage of which period is read, as which plan would price it. */
export interface LedgerUsageQuestion {
  readonly tenant: Pick<Tenant, 'id' | 'timeZone'>;
  readonly period: { readonly startMicros: EpochMicros; readonly endMicros: EpochMicros };
  readonly plan: Pick<PlanVersion, 'charges'>;
  readonly meters: ReadonlyMap<string, Meter>;
}

/** Usage by charge, or why it cannot be priced, as sentences. */
export type LedgerUsage = { readonly usage: readonly ChargeUsage[] } | { readonly problems: readonly string[] };

/** What the ledger has of a period, late usage of earlier ones left out, as a plan's charges read it. Unused charges are left out. */
export async function readLedgerUsage(db: Queryable, question: LedgerUsageQuestion): Promise<LedgerUsage> {
  const { tenant, period, plan, meters } = question;
  const readings = plan.charges.flatMap((charge) => {
    const meter = meters.get(charge.meter);
    return meter === undefined ? [] : [readingFor(charge, meter)];
  });
  const selection = {
    tenant: tenant.id,
    timeZone: tenant.timeZone,
    window: { period, fromMicros: period.startMicros, toMicros: period.endMicros },
    accountingFromMicros: period.startMicros,
    accountingThroughMicros: period.startMicros,
  };
  const answer = await sumChargeUsage(db, selection, readings);
  if ('tooMuch' in answer) {
    return { problems: answer.tooMuch.map(({ charge, reads, max }) => `${charge} has more than ${max} ${reads}`) };
  }
  const usage = answer.sums.map(({ charge, quantity, eventCount, parts, amounts }) => ({
    charge,
    quantity,
    ...(parts !== undefined && { parts }),
    ...(amounts !== undefined && { amounts }),
    eventCount,
    ledgerRange: null,
  }));
  return { usage };
}

function readingFor(charge: Charge, { key: meter, aggregation }: Meter): ChargeReading {
  const reading = readingOf(charge);
  const { dimensions, bucket } = reading.reads === 'parts' ? reading : { dimensions: [], bucket: null };
  return {
    charge: charge.key,
    meter,
    aggregation,
    filter: charge.filter ?? {},
    reads: reading.reads,
    dimensions,
    bucket,
  };
}
