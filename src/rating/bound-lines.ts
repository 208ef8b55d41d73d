import type { InvoiceLine } from '../domain/invoice.ts';
import type { CurrencyCode } from '../domain/money.ts';
import type { Charge } from '../domain/plan.ts';
import { type Exact, ZERO } from './exact.ts';
import { differenceLine } from './invoice-lines.ts';
import type { PricedCharge } from './price-charge.ts';
import { boundText, lineStep, spoken } from './sentences.ts';

/**
 * What minimum and maximum of a charge change, as lines behind its own: each is the difference of rounded amounts, so that together
 * they come to the rounded whole and no minor unit is lost.
 *
 * @param line the charge's own
 */
export function boundLines(
  line: InvoiceLine,
  { minimum, maximum, description }: Charge,
  { amount, shortfall, excess }: PricedCharge,
  { share, currency }: { readonly share: Exact; readonly currency: CurrencyCode },
): InvoiceLine[] {
  const raised = amount.plus(shortfall);
  const boundLine = (kind: 'minimum' | 'maximum', from: Exact, to: Exact, sentence: string): InvoiceLine => ({
    key: `${line.key}:${kind}`,
    kind,
    description: `${description}, ${kind}`,
    quantity: '1',
    unit: 'period',
    ...differenceLine(from, to, lineStep(kind, sentence, to.minus(from)), currency),
    provenance: line.provenance,
  });
  const lines: InvoiceLine[] = [];
  if (shortfall.isAbove(ZERO)) {
    const sentence = `${spoken(shortfall)} missing to the minimum of ${boundText(minimum ?? '0', share)}`;
    lines.push(boundLine('minimum', amount, raised, sentence));
  }
  if (excess.isAbove(ZERO)) {
    const sentence = `${spoken(excess)} beyond the maximum of ${boundText(maximum ?? '0', share)} are not charged`;
    lines.push(boundLine('maximum', raised, raised.minus(excess), sentence));
  }
  return lines;
}
