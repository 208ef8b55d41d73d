import type { InvoiceContent, InvoiceLine } from '../../src/domain/invoice.ts';
import type { Aggregation, Meter } from '../../src/domain/meter.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';
import { Exact, exactOfText } from '../../src/rating/exact.ts';
import type { CreditGrant, RatedSpan, RatedTenant, RatingInputs, UsageFigures } from '../../src/rating/inputs.ts';
import { roundToMinor } from '../../src/rating/rounding.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';

/** Amounts of cases are rounded to two decimals. */
export const CURRENCY = 'USD';

/** Where the month of the cases begins. */
export const START = '2026-01-01T00:00:00Z';
export const END = '2026-02-01T00:00:00Z';
const PERIOD = { start: START, end: END };

/** A charge, how its meter adds up, and the usage that it is for. */
export interface ChargeCase {
  readonly charge: Charge;
  readonly aggregation: Aggregation;
  readonly usage: UsageFigures;
}

/** A charge on the meter of the cases. */
export function chargeOf(price: Charge['price'], more: Partial<Charge> = {}): Charge {
  return { key: 'usage', meter: 'usage', description: 'Usage', includedUnits: '0', price, ...more };
}

/** A plan of these charges and no fee. */
export function planOf(charges: readonly Charge[], more: Partial<PlanVersion> = {}): PlanVersion {
  const names = { key: 'case', version: 1, name: 'Case', currency: CURRENCY };
  return { ...names, baseFee: '0', charges, limits: [], ...more };
}

/** One span for the whole period. */
export function wholePeriod(planVersion: PlanVersion, charges: readonly ChargeCase[]): RatedSpan {
  return { from: START, to: END, planVersion, usage: charges.map(usageOf) };
}

/** The usage of a charge as the ledger would sum it. */
export function usageOf({ charge, usage }: ChargeCase): RatedSpan['usage'][number] {
  return { charge: charge.key, eventCount: '1', ledgerRange: null, ...usage };
}

/** The meters of charges: one dimension, since groups are its values. */
export function metersOf(charges: readonly ChargeCase[]): Meter[] {
  return charges.map(({ charge, aggregation }) => ({
    key: charge.meter,
    version: 1,
    eventType: charge.meter,
    aggregation,
    value: { from: 'quantity' },
    filter: [],
    dimensions: ['group'],
    unit: 'unit',
    scale: 0,
  }));
}

const PARTY = { name: 'Case', addressLines: [], taxIds: [] };

/** A tenant with these taxes. */
export function tenantWith(taxRates: RatedTenant['taxRates']): RatedTenant {
  return { currency: CURRENCY, timeZone: 'UTC', buyer: PARTY, billTo: 'case', taxRates, paymentTermsDays: 30 };
}

/** Credit that does not expire. */
export function grantOf(balance: Exact): CreditGrant {
  const balanceMinor = roundToMinor(balance, CURRENCY).toString();
  const names = { id: 'credits', description: 'Credits', kind: 'granted', priority: 0 } as const;
  return { ...names, expiresAt: null, grantedAt: START, balanceMinor };
}

/** Inputs of a month without taxes. */
export function inputsOf(
  spans: readonly RatedSpan[],
  meters: readonly Meter[],
  more: Partial<RatingInputs> = {},
): RatingInputs {
  return {
    identity: { tenant: 'case', kind: 'cycle', occasion: START, revision: 0 },
    meters,
    tenant: tenantWith([]),
    issuer: PARTY,
    period: PERIOD,
    feePeriod: PERIOD,
    spans,
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
    ...more,
  };
}

/** The bill of inputs, by the function that invoices are made with. Throws what keeps them from being billed. */
export function billOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

/** What lines come to before they are rounded. */
export function exactSum(lines: readonly InvoiceLine[]): Exact {
  return Exact.sum(lines.map(({ exactAmount }) => exactOfText(exactAmount)));
}
