import type { InvoiceContent, InvoiceLine } from '../src/domain/invoice.ts';
import { requireInstant, MICROS_PER_DAY } from '../src/domain/instant.ts';

/** A bill this many times the tenant's usual one is looked at by a person first. */
const MEDIAN_FACTOR = 10n;
/** Below this many earlier bills there is no usual one. */
const EARLIER_BILLS_MIN = 3;
/** Periods shorter than a day serve trials and tests, whose bills are zero one minute and not the next. */
const PERIOD_MIN_MICROS = MICROS_PER_DAY;

/** How many of the newest earlier bills are looked at. */
export const EARLIER_BILLS_MAX = 12;

/**
 * Why a rated invoice should wait for a person, as sentences; empty when nothing is unusual. Negative totals always, a sudden
 * zero or a multiple of the usual total where there are enough earlier bills to know what is usual. A fee for longer than the bill's own
 * period is no part of that multiple: one that is paid by the year comes as it must. Pure.
 *
 * @param earlierTotalsMinor totals of the tenant's newest issued bills, minor units
 */
export function unusualReasons(content: InvoiceContent, earlierTotalsMinor: readonly string[]): string[] {
  const total = BigInt(content.totalMinor);
  if (total < 0n) return [`the total is negative: ${content.totalMinor} minor units`];
  const span = requireInstant(content.supplyEnd) - requireInstant(content.supplyStart);
  if (span < PERIOD_MIN_MICROS || earlierTotalsMinor.length < EARLIER_BILLS_MIN) return [];
  const usual = median(earlierTotalsMinor.map((text) => BigInt(text)));
  if (usual <= 0n) return [];
  if (total === 0n) return [`the total is zero, the usual one is ${usual} minor units`];
  const fees = shareOfLongFees(content, total);
  if (total - fees <= usual * MEDIAN_FACTOR) return [];
  const without = fees === 0n ? '' : `, without ${fees} of fees for longer than its period,`;
  return [`the total of ${total} minor units${without} is more than ${MEDIAN_FACTOR} times the usual ${usual}`];
}

const FEES: ReadonlySet<InvoiceLine['kind']> = new Set(['base_fee', 'fixed_quantity']);

/** What of a total is for fees that begin in the bill's period and go on behind it, with their part of what stands around them, such as tax. */
function shareOfLongFees({ lines, subtotalMinor, supplyEnd }: InvoiceContent, total: bigint): bigint {
  const endMicros = requireInstant(supplyEnd);
  const fees = lines
    .filter(({ kind, provenance: { from, to } }) => {
      return FEES.has(kind) && requireInstant(from) < endMicros && requireInstant(to) > endMicros;
    })
    .reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
  const subtotal = BigInt(subtotalMinor);
  return fees <= 0n || subtotal <= 0n ? 0n : (total * fees) / subtotal;
}

function median(totals: readonly bigint[]): bigint {
  const sorted = totals.toSorted((left, right) => (left < right ? -1 : Number(left > right)));
  return sorted[Math.floor(sorted.length / 2)] ?? 0n;
}
