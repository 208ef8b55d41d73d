import type { PriceModel } from '../../domain/plan.ts';
import { checkAmount, checkPositive } from '../check-decimal.ts';
import { type Exact, exact, ZERO } from '../exact.ts';
import { type Problem, UnpricedQuantityError } from '../problem.ts';
import { spoken } from '../sentences.ts';
import { added, pricedStep } from './added.ts';
import type { PricedQuantity } from './model.ts';

/** What all bands have: bounds that rise, each inclusive, and perhaps a fee. */
export interface AnyBand {
  readonly upTo: string | null;
  readonly flatFee: string;
  readonly blockSize?: string;
  readonly maxBlocks?: string;
}

/** A plan with more bands than this is a mistake. */
const BANDS_MAX = 100;

/** A band and where it lies. */
export interface PlacedBand<OneBand extends AnyBand> {
  readonly band: OneBand;
  /** The upper bound of the band before. */
  readonly below: Exact;
  /** Its own, inclusive; `null`: it is open. */
  readonly top: Exact | null;
}

function placedBands<OneBand extends AnyBand>(bands: readonly OneBand[]): PlacedBand<OneBand>[] {
  let below = ZERO;
  return bands.map((band) => {
    const placed = { band, below, top: topOf(band, below) };
    below = placed.top ?? below;
    return placed;
  });
}

function topOf({ upTo, blockSize, maxBlocks }: AnyBand, below: Exact): Exact | null {
  if (maxBlocks === undefined || blockSize === undefined) return upTo === null ? null : exact(upTo);
  return below.plus(exact(blockSize).times(exact(maxBlocks)));
}

/** A band that a quantity enters, with the units of it that lie in there. */
export interface EnteredBand<OneBand extends AnyBand> extends PlacedBand<OneBand> {
  readonly units: Exact;
}

/**
 * The bands that a quantity fills, from the lowest on. At quantity zero that is the first one, where its flat fee is due, or none.
 * Throws `UnpricedQuantityError` where the quantity goes past the last band.
 */
export function enteredBands<OneBand extends AnyBand>(
  { bands, flatAtZero }: { readonly bands: readonly OneBand[]; readonly flatAtZero: boolean },
  quantity: Exact,
): EnteredBand<OneBand>[] {
  const placed = placedBands(bands);
  const last = placed.at(-1)?.top ?? null;
  if (last !== null && quantity.isAbove(last)) throw pastLastBand(quantity, last);
  return placed
    .filter(({ below }, index) => quantity.isAbove(below) || (index === 0 && flatAtZero))
    .map((one) => ({ ...one, units: (one.top ?? quantity).atMost(quantity).minus(one.below) }));
}

/** The band that holds a quantity: the first whose bound it does not pass. Throws `UnpricedQuantityError` where there is none. */
export function bandOf<OneBand extends AnyBand>(bands: readonly OneBand[], quantity: Exact): OneBand {
  const placed = placedBands(bands);
  const found = placed.find(({ top }) => top === null || !quantity.isAbove(top));
  if (found === undefined) throw pastLastBand(quantity, placed.at(-1)?.top ?? ZERO);
  return found.band;
}

function pastLastBand(quantity: Exact, top: Exact): UnpricedQuantityError {
  return new UnpricedQuantityError(`no band is open for ${spoken(quantity)}: the last one ends at ${spoken(top)}`);
}

/** The fee of a band that is entered; nothing where it has none. */
export function feeOf(band: AnyBand): PricedQuantity[] {
  const fee = exact(band.flatFee);
  return fee.isZero ? [] : [pricedStep('flat_fee', `flat fee ${spoken(fee)}`, fee)];
}

/** What the bands come to together; a step says so where none was entered. */
export function addedBands(priced: readonly PricedQuantity[]): PricedQuantity {
  return priced.length === 0 ? pricedStep('band', '0 units = 0', ZERO) : added(priced);
}

/** How many of a band's units are free, where free units fill the lower bands. */
export function freeIn({ below, units }: EnteredBand<AnyBand>, freeUnits: Exact): Exact {
  return freeUnits.minus(below).atLeast(ZERO).atMost(units);
}

type BandedPrice = Extract<PriceModel, { readonly bands: unknown }>;

/** What is wrong with the bounds and fees of bands: they rise, and the last one is open unless it is bounded on purpose. */
export function checkBands({ bands, bounded }: BandedPrice, path: string): Problem[] {
  if (bands.length === 0) return [{ path, message: 'at least one band is needed' }];
  if (bands.length > BANDS_MAX) return [{ path, message: `${bands.length} bands; at most ${BANDS_MAX} are allowed` }];
  const readable = bands.flatMap((band: AnyBand, index) => checkBand(band, `${path}[${index}]`));
  if (readable.length > 0) return readable;
  const placed = placedBands<AnyBand>(bands);
  return placed.flatMap((one, index) =>
    checkPlace(one, index === placed.length - 1, bounded === true, `${path}[${index}].upTo`),
  );
}

function checkBand({ upTo, flatFee, blockSize, maxBlocks }: AnyBand, path: string): Problem[] {
  const problems = checkAmount(flatFee, `${path}.flatFee`);
  if (upTo !== null) problems.push(...checkAmount(upTo, `${path}.upTo`));
  if (blockSize !== undefined)
    problems.push(...checkPositive(blockSize, `${path}.blockSize`, 'a block holds more than 0 units'));
  if (maxBlocks === undefined) return problems;
  if (blockSize === undefined || upTo !== null) {
    problems.push({ path: `${path}.maxBlocks`, message: 'stands beside blockSize and in place of upTo' });
  }
  return [...problems, ...checkPositive(maxBlocks, `${path}.maxBlocks`, 'a band holds more than 0 blocks')];
}

function checkPlace({ below, top }: PlacedBand<AnyBand>, isLast: boolean, isBounded: boolean, path: string): Problem[] {
  if (top === null && isLast && isBounded) {
    return [
      { path, message: 'bounded: true says that the last band ends: give it an upper bound, or leave bounded out' },
    ];
  }
  if (top === null) {
    return isLast ? [] : [{ path, message: 'only the last band is open: give this one an upper bound' }];
  }
  if (isLast && !isBounded) {
    const message =
      'the last band must be open (null), or usage above it has no price: write bounded: true if such usage shall hold the bill';
    return [{ path, message }];
  }
  return top.isAbove(below) ? [] : [{ path, message: `bands rise: ${top.text} must be above ${below.text}` }];
}
