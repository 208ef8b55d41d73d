import type { LateUsage, Usage } from './demo-book.ts';
import type { DemoCharge, DemoTenant } from './demo-catalogue.ts';

/**
 * The demo's own arithmetic, written a second time on purpose: a bill that is checked by the code that made it proves nothing. Integers
 * of 10^-18, one rounding a line, half away from zero.
 */
const DIGITS = 18;
const ONE = 10n ** BigInt(DIGITS);
/** The demo's currencies have cents. */
const MINOR = ONE / 100n;

/** Reads a plain decimal as an integer of 10^-18. */
export function exact(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,18}))?$/.exec(text);
  if (match === null) throw new RangeError(`not a plain decimal: ${text}`);
  const [, sign = '', whole = '0', fraction = ''] = match;
  const value = BigInt(whole) * ONE + BigInt(fraction.padEnd(DIGITS, '0'));
  return sign === '-' ? -value : value;
}

/** Rounds to whole cents, half away from zero. */
function toMinor(amount: bigint): bigint {
  const half = MINOR / 2n;
  return amount < 0n ? -((-amount + half) / MINOR) : (amount + half) / MINOR;
}

function graduated(
  bands: readonly { upTo?: string | null; unitPrice: string; flatFee?: string }[],
  units: bigint,
): bigint {
  let below = 0n;
  let amount = 0n;
  for (const band of bands) {
    if (units <= below) break;
    const top = band.upTo === null || band.upTo === undefined ? units : exact(band.upTo) / ONE;
    const inBand = (units < top ? units : top) - below;
    amount += inBand * exact(band.unitPrice) + exact(band.flatFee ?? '0');
    below = top;
  }
  return amount;
}

/** What a charge costs for whole units, in cents. */
export function priceMinor(charge: DemoCharge, quantity: bigint): bigint {
  const included = exact(charge.includedUnits ?? '0') / ONE;
  const units = quantity > included ? quantity - included : 0n;
  const { price } = charge;
  switch (price.model) {
    case 'per_unit':
      return toMinor(units * exact(price.unitPrice));
    case 'graduated':
      return toMinor(graduated(price.bands, units));
    case 'package': {
      const size = exact(price.size) / ONE;
      const free = exact(price.freeUnits ?? '0') / ONE;
      const billed = units > free ? units - free : 0n;
      return toMinor(((billed + size - 1n) / size) * exact(price.packagePrice));
    }
    default:
      throw new Error(`the demo cannot price ${JSON.stringify(price)}`);
  }
}

/** What an invoice must say, in cents. */
export interface ExpectedInvoice {
  readonly baseFeeMinor: bigint;
  /** By charge key. */
  readonly usageMinor: Readonly<Record<string, bigint>>;
  readonly lateMinor: Readonly<Record<string, bigint>>;
  readonly subtotalMinor: bigint;
  readonly taxMinor: bigint;
  readonly totalMinor: bigint;
}

function sum(amounts: Readonly<Record<string, bigint>>): bigint {
  return Object.values(amounts).reduce((total, amount) => total + amount, 0n);
}

/** Works out a tenant's invoice from what was sent. */
export function expectedInvoice(tenant: DemoTenant, usage: Usage, late: LateUsage | undefined): ExpectedInvoice {
  const charges = tenant.plan.charges ?? [];
  const usageMinor = Object.fromEntries(
    charges.map((charge) => [charge.key, priceMinor(charge, usage[charge.meter] ?? 0n)]),
  );
  const lateMinor = Object.fromEntries(
    charges.map((charge) => {
      const before = priceMinor(charge, late?.before[charge.meter] ?? 0n);
      return [charge.key, priceMinor(charge, late?.after[charge.meter] ?? 0n) - before];
    }),
  );
  const baseFeeMinor = toMinor(exact(tenant.plan.baseFee ?? '0'));
  const subtotalMinor = baseFeeMinor + sum(usageMinor) + sum(lateMinor);
  const taxMinor = tenant.taxRates.reduce(
    (tax, { percent }) => tax + toMinor((subtotalMinor * MINOR * exact(percent)) / (100n * ONE)),
    0n,
  );
  return { baseFeeMinor, usageMinor, lateMinor, subtotalMinor, taxMinor, totalMinor: subtotalMinor + taxMinor };
}
