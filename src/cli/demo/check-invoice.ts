import type { InvoiceView } from '../../client/index.ts';
import type { Usage } from './demo-book.ts';
import type { ExpectedInvoice } from './demo-pricing.ts';

type Lines = InvoiceView['content']['lines'];

function sumMinor(lines: Lines, kind: Lines[number]['kind'], charge?: string): bigint {
  return lines
    .filter((line) => line.kind === kind && (charge === undefined || line.provenance.charge === charge))
    .reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
}

/**
 * Holds an issued invoice against what the demo worked out itself: every charge's quantity and amount, late usage, subtotal, tax and
 * total.
 * @returns one sentence per figure that differs
 */
export function checkInvoice(
  invoice: InvoiceView,
  expected: ExpectedInvoice,
  usage: Usage,
  meterOf: Readonly<Record<string, string>>,
): string[] {
  const { lines, subtotalMinor, taxMinor, totalMinor } = invoice.content;
  const differences: string[] = [];
  const compare = (what: string, got: bigint, want: bigint): void => {
    if (got !== want) differences.push(`${invoice.number ?? invoice.id}: ${what} is ${got}, must be ${want}`);
  };
  compare('base fee (cents)', sumMinor(lines, 'base_fee'), expected.baseFeeMinor);
  for (const [charge, amount] of Object.entries(expected.usageMinor)) {
    compare(`amount of ${charge} (cents)`, sumMinor(lines, 'usage', charge), amount);
    const quantity = usage[meterOf[charge] ?? ''] ?? 0n;
    const line = lines.find((candidate) => candidate.kind === 'usage' && candidate.provenance.charge === charge);
    // A charge without usage may have no line at all.
    if (line !== undefined || quantity !== 0n)
      compare(`quantity of ${charge}`, BigInt(line?.quantity ?? '0'), quantity);
  }
  for (const [charge, amount] of Object.entries(expected.lateMinor)) {
    compare(`late usage of ${charge} (cents)`, sumMinor(lines, 'late_usage', charge), amount);
  }
  compare('subtotal (cents)', BigInt(subtotalMinor), expected.subtotalMinor);
  compare('tax (cents)', BigInt(taxMinor), expected.taxMinor);
  compare('total (cents)', BigInt(totalMinor), expected.totalMinor);
  return differences;
}
