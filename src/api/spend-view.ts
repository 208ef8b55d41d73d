import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { formatInstant } from '../domain/instant.ts';
import type { InvoiceContent } from '../domain/invoice.ts';
import { formatMinor } from '../domain/money.ts';
import { type ChargeSpend, spendOfCharges } from '../rating/charge-spend.ts';
import type { RatingInputs } from '../rating/inputs.ts';
import { projectInputs } from '../rating/project-inputs.ts';
import { rateInvoice } from '../rating/rate-invoice.ts';
import type { LiveUsage } from './open-period-usage.ts';

/** What all charges on one meter have come to. Included and overage are told where one charge is on it. */
export interface MeterSpend extends Pick<
  ChargeSpend,
  'meter' | 'unit' | 'included' | 'overage' | 'amountMinor' | 'cost'
> {
  readonly used: string;
}

/** What the period would cost at its end if usage went on as it has; see `projectInputs` for the rule. */
export interface SpendProjection {
  readonly at: InstantText;
  readonly charges: readonly Pick<ChargeSpend, 'charge' | 'from' | 'to' | 'used' | 'amountMinor' | 'cost'>[];
  readonly subtotalMinor: string;
  readonly taxMinor: string;
  readonly totalMinor: string;
  readonly total: string;
}

/** What an open period has come to. */
export interface SpendDetails {
  readonly charges: readonly ChargeSpend[];
  readonly meters: readonly MeterSpend[];
  /** `null` where nothing can be said: no time has passed, or the projected usage has no price. */
  readonly projection: SpendProjection | null;
}

/** Tells what charges and meters of an open period have come to, and where that leads. */
export function spendDetails(
  inputs: RatingInputs,
  content: InvoiceContent,
  { atMicros, usage }: { readonly atMicros: EpochMicros; readonly usage: readonly LiveUsage[] },
): SpendDetails {
  const charges = spendOfCharges(inputs, content);
  return { charges, meters: spendOfMeters(charges, content.currency, usage), projection: project(inputs, atMicros) };
}

function spendOfMeters(
  charges: readonly ChargeSpend[],
  currency: string,
  usage: readonly LiveUsage[],
): readonly MeterSpend[] {
  return [...Map.groupBy(charges, ({ meter }) => meter)].map(([meter, ofMeter]) => {
    const [first, ...others] = ofMeter;
    const amountMinor = ofMeter.reduce((sum, charge) => sum + BigInt(charge.amountMinor), 0n);
    return {
      meter,
      unit: first?.unit ?? 'unit',
      used: usage.find((one) => one.meter === meter)?.quantity ?? '0',
      included: others.length === 0 ? (first?.included ?? null) : null,
      overage: others.length === 0 ? (first?.overage ?? null) : null,
      amountMinor: amountMinor.toString(),
      cost: formatMinor(amountMinor, currency),
    };
  });
}

function project(inputs: RatingInputs, atMicros: EpochMicros): SpendProjection | null {
  const projected = projectInputs(inputs, formatInstant(atMicros));
  if (projected === null) return null;
  const result = rateInvoice(projected);
  if ('problems' in result) return null;
  const { subtotalMinor, taxMinor, totalMinor, currency } = result.content;
  return {
    at: inputs.period.end,
    charges: spendOfCharges(projected, result.content).map(({ charge, from, to, used, amountMinor, cost }) => {
      return { charge, from, to, used, amountMinor, cost };
    }),
    subtotalMinor,
    taxMinor,
    totalMinor,
    total: formatMinor(BigInt(totalMinor), currency),
  };
}
