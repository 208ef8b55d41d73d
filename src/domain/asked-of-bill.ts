import type { InvoiceContent, InvoiceLine } from './invoice.ts';

/**
 * What a bill asked for of what it charged: what its lines come to before and behind coupons of the whole bill. Their ratio is the share of
 * each line. Minor units, as decimal strings; `afterMinor` is between 0 and `beforeMinor`.
 */
export interface AskedOfBill {
  readonly beforeMinor: string;
  readonly afterMinor: string;
}

/**
 * Whether a line gives back what an earlier bill charged, at the share that it asked for. Coupons of the bill that gives it back are not on such a
 * line: that would give back less than was asked for, or more.
 */
export function isGivenBack({ kind, provenance }: Pick<InvoiceLine, 'kind' | 'provenance'>): boolean {
  return (kind === 'base_fee' || kind === 'fixed_quantity') && provenance.billedInvoiceId !== undefined;
}

/** What a bill asked for of what it charged. */
export function askedOfBill({ lines }: Pick<InvoiceContent, 'lines'>): AskedOfBill {
  const covered = lines.filter((line) => !isGivenBack(line));
  const after = sumOf(covered);
  const before = sumOf(covered.filter(({ kind, provenance }) => kind !== 'coupon' || provenance.charge !== null));
  // A coupon takes off nothing of what is not above zero.
  if (before <= 0n) return { beforeMinor: '1', afterMinor: '1' };
  return { beforeMinor: before.toString(), afterMinor: after.toString() };
}

function sumOf(lines: readonly Pick<InvoiceLine, 'amountMinor'>[]): bigint {
  return lines.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
}
