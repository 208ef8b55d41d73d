import { groupedText } from '../domain/grouped-text.ts';
import type { Band, PriceModel } from '../domain/plan.ts';

/** Parts of one price that are told; a matrix may have thousands. */
const PARTS_MAX = 12;

type Words<Price> = (price: Price) => string;

/** A model without words does not compile. */
const WORDS: { readonly [Name in PriceModel['model']]: Words<Extract<PriceModel, { model: Name }>> } = {
  per_unit: ({ unitPrice }) => `${groupedText(unitPrice)} each`,
  graduated: (price) => `graduated: ${bandsText(price, unitText)}`,
  volume: (price) => `volume: ${bandsText(price, (band) => `all at ${unitText(band)}`)}`,
  graduated_percentage: (price) => `graduated: ${bandsText(price, ({ percent }) => `${percent} %`)}`,
  capacity: (price) => `by peak: ${bandsText(price, ({ flatFee }) => groupedText(flatFee))}`,
  package: ({ packagePrice, size, freeUnits, rounding }) =>
    joined(`${groupedText(packagePrice)} per package of ${groupedText(size)}`, [
      freeUnits === '0' ? '' : `${groupedText(freeUnits)} free`,
      rounding === 'down' ? 'a started one free' : '',
    ]),
  percentage: ({ percent, fixedFee, freeEvents, freeAmount, minimumPerEvent, maximumPerEvent }) =>
    joined(`${percent} % of each event${fixedFee === '0' ? '' : ` + ${groupedText(fixedFee)}`}`, [
      freeEvents === undefined ? '' : `${groupedText(freeEvents)} events free`,
      freeAmount === undefined ? '' : `the first ${groupedText(freeAmount)} free`,
      minimumPerEvent === undefined ? '' : `at least ${groupedText(minimumPerEvent)} per event`,
      maximumPerEvent === undefined ? '' : `at most ${groupedText(maximumPerEvent)} per event`,
    ]),
  flat: ({ amount, due }) => `${groupedText(amount)}${due === 'always' ? '' : ' when used'}`,
  dynamic: ({ multiplier }) => `as priced by each event${multiplier === '1' ? '' : ` × ${multiplier}`}`,
  bucketed: ({ bucket, price }) => `each ${bucket} by itself: ${priceText(price)}`,
  matrix: ({ dimensions, cells, otherwise }) => {
    const texts = cells.map(({ values, price }) => `${values.join(', ')}: ${priceText(price)}`);
    const others = otherwise === null ? 'no price for others' : `others: ${priceText(otherwise)}`;
    return `by ${dimensions.join(' and ')}: ${shortened(texts)}; ${others}`;
  },
};

/** A price in words, for people who compare two of them: `graduated: 0 each up to 1,000,000; 0.000003 each above`. */
export function priceText(price: PriceModel): string {
  // The table's type guarantees that the words under a name are of prices of that name.
  return (WORDS[price.model] as Words<PriceModel>)(price);
}

function joined(text: string, parts: readonly string[]): string {
  return [text, ...parts.filter((part) => part !== '')].join(', ');
}

function unitText({ unitPrice, blockSize }: Band): string {
  const price = groupedText(unitPrice);
  return blockSize === undefined ? `${price} each` : `${price} per block of ${groupedText(blockSize)}`;
}

interface TextBand {
  readonly upTo: string | null;
  readonly flatFee: string;
  readonly blockSize?: string;
  readonly maxBlocks?: string;
}

function bandsText<OneBand extends TextBand>(
  price: {
    readonly model: string;
    readonly bands: readonly OneBand[];
    readonly flatAtZero?: boolean;
    readonly bounded?: boolean;
  },
  ofBand: (band: OneBand) => string,
): string {
  const texts = price.bands.map((band, index) => {
    const fee = price.model === 'capacity' || band.flatFee === '0' ? '' : ` + ${groupedText(band.flatFee)} once`;
    return `${ofBand(band)}${fee}${boundText(band, index === 0)}`;
  });
  return joined(shortened(texts), [
    price.flatAtZero === true ? 'also without usage' : '',
    price.bounded === true ? 'no price above' : '',
  ]);
}

function boundText({ upTo, maxBlocks }: TextBand, isFirst: boolean): string {
  if (maxBlocks !== undefined) return ` for ${groupedText(maxBlocks)} blocks`;
  if (upTo !== null) return ` up to ${groupedText(upTo)}`;
  return isFirst ? '' : ' above';
}

function shortened(texts: readonly string[]): string {
  if (texts.length <= PARTS_MAX) return texts.join('; ');
  return `${texts.slice(0, PARTS_MAX).join('; ')}; … ${texts.length - PARTS_MAX} more`;
}
