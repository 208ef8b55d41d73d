import { groupedText } from '../domain/grouped-text.ts';
import type { Band, MatrixPrice, PriceModel } from '../domain/plan.ts';

/** Parts of one price that are told; a matrix may have thousands. */
const PARTS_MAX = 12;

/** A price in words, for people who compare two of them: `graduated: 0 each up to 1,000,000; 0.000003 each above`. */
export function priceText(price: PriceModel): string {
  switch (price.model) {
    case 'per_unit':
      return `${groupedText(price.unitPrice)} each`;
    case 'graduated':
      return `graduated: ${bandsText(price, unitText)}`;
    case 'volume':
      return `volume: ${bandsText(price, (band) => `all at ${unitText(band)}`)}`;
    case 'graduated_percentage':
      return `graduated: ${bandsText(price, ({ percent }) => `${percent} %`)}`;
    case 'capacity':
      return `by peak: ${bandsText(price, ({ flatFee }) => groupedText(flatFee))}`;
    case 'package':
      return joined(`${groupedText(price.packagePrice)} per package of ${groupedText(price.size)}`, [
        price.freeUnits === '0' ? '' : `${groupedText(price.freeUnits)} free`,
        price.rounding === 'down' ? 'a started one free' : '',
      ]);
    case 'percentage':
      return joined(
        `${price.percent} % of each event${price.fixedFee === '0' ? '' : ` + ${groupedText(price.fixedFee)}`}`,
        [
          price.freeEvents === undefined ? '' : `${groupedText(price.freeEvents)} events free`,
          price.freeAmount === undefined ? '' : `the first ${groupedText(price.freeAmount)} free`,
          price.minimumPerEvent === undefined ? '' : `at least ${groupedText(price.minimumPerEvent)} per event`,
          price.maximumPerEvent === undefined ? '' : `at most ${groupedText(price.maximumPerEvent)} per event`,
        ],
      );
    case 'flat':
      return `${groupedText(price.amount)}${price.due === 'always' ? '' : ' when used'}`;
    case 'dynamic':
      return price.multiplier === '1' ? 'as priced by each event' : `as priced by each event × ${price.multiplier}`;
    case 'bucketed':
      return `each ${price.bucket} by itself: ${priceText(price.price)}`;
    case 'matrix':
      return matrixText(price);
  }
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
  price: { readonly model: string; readonly bands: readonly OneBand[]; readonly flatAtZero?: boolean },
  ofBand: (band: OneBand) => string,
): string {
  const texts = price.bands.map((band, index) => {
    const fee = price.model === 'capacity' || band.flatFee === '0' ? '' : ` + ${groupedText(band.flatFee)} once`;
    return `${ofBand(band)}${fee}${boundText(band, index === 0)}`;
  });
  return joined(shortened(texts), [price.flatAtZero === true ? 'also without usage' : '']);
}

function boundText({ upTo, maxBlocks }: TextBand, isFirst: boolean): string {
  if (maxBlocks !== undefined) return ` for ${groupedText(maxBlocks)} blocks`;
  if (upTo !== null) return ` up to ${groupedText(upTo)}`;
  return isFirst ? '' : ' above';
}

function matrixText({ dimensions, cells, otherwise }: MatrixPrice): string {
  const texts = cells.map(({ values, price }) => `${values.join(', ')}: ${priceText(price)}`);
  const others = otherwise === null ? 'no price for others' : `others: ${priceText(otherwise)}`;
  return `by ${dimensions.join(' and ')}: ${shortened(texts)}; ${others}`;
}

function shortened(texts: readonly string[]): string {
  if (texts.length <= PARTS_MAX) return texts.join('; ');
  return `${texts.slice(0, PARTS_MAX).join('; ')}; … ${texts.length - PARTS_MAX} more`;
}
