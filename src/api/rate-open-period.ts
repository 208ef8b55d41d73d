import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { planAt } from '../catalog/catalogue-snapshot.ts';
import { formatInstant } from '../domain/instant.ts';
import { periodName } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { ChargeUsage, RatingResult } from '../rating/inputs.ts';
import { rateInvoice } from '../rating/rate-invoice.ts';
import type { OpenPeriodUsage } from './open-period-usage.ts';

/**
 * What the open period would cost if it ended now: the same rating as the invoice's, of the usage so far. Late usage of earlier
 * periods is left out: it is not this period's spend.
 */
export function rateOpenPeriod(
  snapshot: CatalogueSnapshot,
  entry: TenantEntry,
  { period, meters: usage }: OpenPeriodUsage,
): { readonly plan: PlanVersion; readonly result: RatingResult } | undefined {
  const plan = planAt(entry, period.startMicros);
  if (plan === undefined) return undefined;
  const charged = new Set(plan.charges.map(({ meter }) => meter));
  const { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays, id } = entry.tenant;
  const span = { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) };
  const result = rateInvoice({
    identity: { tenant: id, kind: 'cycle', occasion: periodName(period), revision: 0 },
    meters: [...snapshot.meters.values()].filter(({ key }) => charged.has(key)),
    tenant: { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays },
    issuer: snapshot.issuer,
    period: span,
    feePeriod: span,
    spans: [{ from: span.start, to: span.end, planVersion: plan, usage: usageOfCharges(plan, usage) }],
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
  });
  return { plan, result };
}

function usageOfCharges({ charges }: PlanVersion, meters: OpenPeriodUsage['meters']): ChargeUsage[] {
  return charges.flatMap(({ key, meter }) => {
    const used = meters.find((one) => one.meter === meter);
    if (used === undefined) return [];
    return [{ charge: key, quantity: used.quantity, eventCount: used.eventCount, ledgerRange: null }];
  });
}
