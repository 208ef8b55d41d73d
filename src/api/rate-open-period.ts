import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { planAt } from '../catalog/catalogue-snapshot.ts';
import { formatInstant } from '../domain/instant.ts';
import { periodName } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { RatingResult } from '../rating/inputs.ts';
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
  const result = rateInvoice({
    identity: { tenant: id, kind: 'cycle', occasion: periodName(period), revision: 0 },
    planVersion: plan,
    meters: [...snapshot.meters.values()].filter(({ key }) => charged.has(key)),
    tenant: { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays },
    issuer: snapshot.issuer,
    period: { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) },
    usage: usage
      .filter(({ meter }) => charged.has(meter))
      .map(({ meter, quantity, eventCount }) => ({ meter, quantity, eventCount, ledgerRange: null })),
    late: [],
    corrects: null,
  });
  return { plan, result };
}
