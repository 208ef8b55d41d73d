import type { Band, FixedQuantityPrice, GraduatedPrice, VolumePrice } from '../domain/plan.ts';
import { Exact, exact, ONE, ZERO } from './exact.ts';
import { pricedStep } from './models/added.ts';
import { addedBands, bandOf, enteredBands, feeOf } from './models/bands.ts';
import type { PricedQuantity } from './models/model.ts';
import { UnpricedQuantityError } from './problem.ts';
import { feeForShare } from './proration.ts';
import { spoken } from './sentences.ts';

export type { FixedQuantityPrice } from '../domain/plan.ts';

/** A change of a fixed quantity within a period: seats that come, or that go. */
export interface QuantityChange {
  /** How many come; negative: how many go. */
  readonly units: Exact;
  /** Those units × the part of the period that was left: what of them is paid for. */
  readonly proratedUnits: Exact;
}

/** The change from one quantity to another. @param left the part of the period that is left */
export function changeOfQuantity(from: Exact, to: Exact, left: Exact): QuantityChange {
  const units = to.minus(from);
  return { units, proratedUnits: units.times(left) };
}

/**
 * Prices the changes of a fixed quantity within a period, in order of time from zero on: the first is the quantity at its start.
 * Exact, not yet rounded.
 *
 * graduated: whole units move through the bands. A change that spans several is shared among them by its whole units in each, and
 * each share is priced at its band; the flat fee of each band that was touched is due once.
 * volume: the quantity at the end chooses the band, the prorated units are charged at it.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 *
 * @param feeShare how much of its period the changes lie in: flat fees are for a whole one
 */
export function priceFixedQuantity(
  price: FixedQuantityPrice,
  changes: readonly QuantityChange[],
  feeShare: Exact = ONE,
): PricedQuantity {
  if (price.model === 'graduated') return addedBands(graduatedParts(price, changes, feeShare));
  const units = Exact.sum(changes.map((change) => change.units));
  const prorated = Exact.sum(changes.map((change) => change.proratedUnits));
  if (price.model === 'per_unit') return proratedUnits('unit_price', price, prorated);
  return addedBands(volumeParts(price, { units, prorated, feeShare }));
}

function volumeParts(
  { bands, flatAtZero }: VolumePrice,
  { units, prorated, feeShare }: { readonly units: Exact; readonly prorated: Exact; readonly feeShare: Exact },
): PricedQuantity[] {
  const band = bandOf(bands, notNegative(units));
  const isFlatDue = !units.isZero || flatAtZero;
  return [
    ...(prorated.isZero ? [] : [proratedUnits('band', band, prorated)]),
    ...(isFlatDue ? feeFor(band, feeShare) : []),
  ];
}

/** What a quantity by volume costs: one unit of it for a whole period, and the flat fee for a part of one. */
export interface VolumeRate {
  readonly unitPrice: Exact;
  readonly flatFee: Exact;
}

/**
 * The rate of all units where so many are held.
 *
 * Throws `UnpricedQuantityError` where the price covers no such quantity.
 */
export function volumeRate({ bands, flatAtZero }: VolumePrice, units: Exact, feeShare: Exact): VolumeRate {
  const band = bandOf(bands, notNegative(units));
  const flatFee = units.isZero && !flatAtZero ? ZERO : exact(band.flatFee).times(feeShare);
  return { unitPrice: exact(band.unitPrice), flatFee };
}

/** The flat fee of a band, for a part of its period that part of it. */
function feeFor(band: Band, feeShare: Exact): PricedQuantity[] {
  const fee = exact(band.flatFee);
  return feeShare.equals(ONE) || fee.isZero ? feeOf(band) : [feeForShare('flat fee', fee, feeShare)];
}

function proratedUnits(step: string, { unitPrice }: { readonly unitPrice: string }, prorated: Exact): PricedQuantity {
  const price = exact(unitPrice);
  const amount = prorated.times(price);
  return pricedStep(step, `${spoken(prorated)} × ${spoken(price)} = ${spoken(amount)}`, amount);
}

/** Whole and prorated units that a change has in one band. */
interface BandShare {
  readonly band: Band;
  readonly units: Exact;
}

function graduatedParts(price: GraduatedPrice, changes: readonly QuantityChange[], feeShare: Exact): PricedQuantity[] {
  const touched = new Set<Band>();
  const parts: PricedQuantity[] = [];
  let count = ZERO;
  for (const change of changes) {
    const next = notNegative(count.plus(change.units));
    for (const share of sharesBetween(price, count, next)) {
      touched.add(share.band);
      parts.push(pricedShare(share, change));
    }
    count = next;
  }
  if (changes.length === 0 && price.flatAtZero && price.bands[0] !== undefined) touched.add(price.bands[0]);
  return [...parts, ...price.bands.filter((band) => touched.has(band)).flatMap((band) => feeFor(band, feeShare))];
}

/** How many units each band holds more, or fewer, of the second quantity than of the first. */
function sharesBetween(price: GraduatedPrice, from: Exact, to: Exact): BandShare[] {
  const [before, after] = [unitsByBand(price, from), unitsByBand(price, to)];
  return price.bands
    .map((band) => ({ band, units: (after.get(band) ?? ZERO).minus(before.get(band) ?? ZERO) }))
    .filter(({ units }) => !units.isZero);
}

function unitsByBand(price: GraduatedPrice, quantity: Exact): ReadonlyMap<Band, Exact> {
  return new Map(enteredBands(price, quantity).map(({ band, units }) => [band, units]));
}

function pricedShare({ band, units }: BandShare, change: QuantityChange): PricedQuantity {
  const price = exact(band.unitPrice);
  const prorated = change.proratedUnits.times(units).dividedBy(change.units);
  const amount = prorated.times(price);
  const which = units.equals(change.units) ? spoken(units) : `${spoken(units)} of ${spoken(change.units)}`;
  const sentence = `${which} for a part of the period: ${spoken(prorated)} × ${spoken(price)} = ${spoken(amount)}`;
  return pricedStep('band', sentence, amount);
}

function notNegative(count: Exact): Exact {
  if (count.isNegative) throw new UnpricedQuantityError(`more units go than there are: ${spoken(count)} would be left`);
  return count;
}
