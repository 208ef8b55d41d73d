import * as fc from 'fast-check';

import type { Aggregation, Meter } from '../../src/domain/meter.ts';
import type { Band, Charge, PriceModel, QuantityPrice, UnitConversion } from '../../src/domain/plan.ts';
import { exact } from '../../src/rating/exact.ts';
import { sampleMeter } from './sample-inputs.ts';

/**
 * Charges of every model and with everything that may stand around a price, for laws that hold of all of them. What is generated is
 * what the check of a plan lets through.
 */

/** How often a law is tried: `npm run properties:rating` says 10,000. */
export const RATING_RUNS = Number(process.env['RATING_RUNS'] ?? '100');

/** The dimensions of every generated meter. */
export const DIMENSIONS = ['region', 'tier'] as const;
export const VALUES = ['a', 'b', 'c'] as const;

/** Plain decimals from zero to `max` with up to `digits` digits behind the point. */
export function decimals(max: bigint, digits: number): fc.Arbitrary<string> {
  const scale = 10n ** BigInt(digits);
  return fc.bigInt({ min: 0n, max: max * scale }).map((units) => exact(units).dividedBy(exact(scale)).text);
}

export const quantities = fc.oneof(decimals(20n, 0), decimals(10n ** 9n, 3));
export const amounts = fc.oneof(fc.constant('0'), decimals(100n, 6));
const percents = decimals(100n, 2);
const sizes = fc.oneof(fc.constantFrom('1', '7', '60', '0.5'), fc.integer({ min: 1, max: 5_000 }).map(String));

/** Whether bands may make a larger quantity cheaper; then only models whose price never falls are generated. */
export interface ChargeWishes {
  readonly monotone: boolean;
  readonly aggregation: Aggregation;
}

const bounds = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 4 });
const rising = bounds.map((uppers) => [...uppers.toSorted((one, other) => one - other).map(String), null]);

const plainBands: fc.Arbitrary<readonly Band[]> = rising.chain((uppers) =>
  fc.tuple(
    ...uppers.map((upTo) =>
      fc.tuple(amounts, amounts).map(([unitPrice, flatFee]): Band => ({ upTo, unitPrice, flatFee })),
    ),
  ),
);
const blockBands: fc.Arbitrary<readonly Band[]> = fc
  .array(fc.tuple(sizes, fc.integer({ min: 1, max: 50 }), amounts, amounts), { minLength: 1, maxLength: 4 })
  .map((blocks) =>
    blocks.map(([blockSize, count, unitPrice, flatFee], index): Band => {
      const band = { upTo: null, unitPrice, flatFee, blockSize };
      return index === blocks.length - 1 ? band : { ...band, maxBlocks: `${count}` };
    }),
  );
const bands = fc.oneof({ weight: 3, arbitrary: plainBands }, { weight: 1, arbitrary: blockBands });

const feeBands = rising.chain((uppers) =>
  fc.tuple(...uppers.map(() => amounts)).map((fees) => {
    let fee = exact('0');
    // A larger capacity costs no less.
    return uppers.map((upTo, index) => {
      fee = fee.plus(exact(fees[index] ?? '0'));
      return { upTo, flatFee: fee.text };
    });
  }),
);
const percentBands = rising.chain((uppers) =>
  fc.tuple(
    ...uppers.map((upTo) => fc.tuple(percents, amounts).map(([percent, flatFee]) => ({ upTo, percent, flatFee }))),
  ),
);

function quantityPrices(monotone: boolean): fc.Arbitrary<QuantityPrice> {
  const always: fc.Arbitrary<QuantityPrice>[] = [
    amounts.map((unitPrice): QuantityPrice => ({ model: 'per_unit', unitPrice })),
    fc.tuple(bands, fc.boolean()).map(([list, flatAtZero]) => ({ model: 'graduated', bands: list, flatAtZero })),
    fc
      .tuple(sizes, amounts, decimals(5_000n, 1), fc.constantFrom('up', 'down', undefined))
      .map(([size, packagePrice, freeUnits, rounding]): QuantityPrice => {
        return { model: 'package', size, packagePrice, freeUnits, ...(rounding === undefined ? {} : { rounding }) };
      }),
    fc.tuple(percentBands, fc.boolean()).map(([list, flatAtZero]) => {
      return { model: 'graduated_percentage', bands: list, flatAtZero };
    }),
    feeBands.map((list): QuantityPrice => ({ model: 'capacity', bands: list })),
    fc.tuple(amounts, fc.constantFrom('always' as const, 'when_used' as const)).map(([amount, due]) => {
      return { model: 'flat', amount, due };
    }),
    decimals(3n, 4).map((multiplier): QuantityPrice => ({ model: 'dynamic', multiplier })),
  ];
  const volume = fc.tuple(bands, fc.boolean()).map(([list, flatAtZero]): QuantityPrice => {
    return { model: 'volume', bands: list, flatAtZero };
  });
  return fc.oneof(...always, ...(monotone ? [] : [volume]));
}

const percentagePrices: fc.Arbitrary<PriceModel> = fc
  .record(
    {
      percent: percents,
      fixedFee: amounts,
      freeEvents: fc.integer({ min: 0, max: 6 }).map(String),
      freeAmount: decimals(1_000n, 2),
      minimumPerEvent: decimals(3n, 2),
      maximumPerEvent: decimals(90n, 2).map((text) => exact(text).plus(exact('3')).text),
    },
    { requiredKeys: ['percent', 'fixedFee'] },
  )
  .map((price) => ({ model: 'percentage', ...price }));

const matrixPrices = (monotone: boolean): fc.Arbitrary<PriceModel> =>
  fc
    .tuple(
      fc.constantFrom(['region'], ['region', 'tier']),
      fc.array(quantityPrices(monotone), { maxLength: 3 }),
      quantityPrices(monotone),
    )
    .map(([dimensions, prices, otherwise]) => {
      const cells = prices.map((price, index) => ({
        values: dimensions.map((_, place) => VALUES[(index + place) % VALUES.length] ?? 'a'),
        price,
      }));
      return { model: 'matrix', dimensions, cells, otherwise };
    });

const bucketedPrices = (monotone: boolean): fc.Arbitrary<PriceModel> =>
  fc
    .tuple(fc.constantFrom('hour' as const, 'day' as const), quantityPrices(monotone))
    .map(([bucket, price]) => ({ model: 'bucketed', bucket, price }));

const conversions: fc.Arbitrary<UnitConversion> = fc
  .record(
    { multiply: decimals(50n, 2), divide: sizes, rounding: fc.constantFrom('up' as const, 'down', 'half_up') },
    { requiredKeys: ['divide'] },
  )
  .map(({ multiply, ...rest }) => {
    return multiply === undefined || multiply === '0' ? rest : { ...rest, multiply };
  });

/** Everything that may stand around a price. Minimum and maximum never cross. */
const frames = fc.record(
  {
    conversion: conversions,
    discount: fc.oneof(
      percents.map((percent) => ({ percent })),
      amounts.map((amount) => ({ amount })),
    ),
    commitment: fc.record({ amount: amounts, overageFactor: decimals(3n, 2), trueUp: fc.boolean() }),
    minimum: decimals(50n, 2),
    maximum: decimals(500n, 2).map((text) => exact(text).plus(exact('50')).text),
    filter: fc.constantFrom({ region: ['a', 'b'] }, { tier: ['c'], region: ['a', 'c'] }),
  },
  { requiredKeys: [] },
);

/** A charge on the meter of the same key, which has both dimensions. */
export function generatedCharges(key: string, { monotone, aggregation }: ChargeWishes): fc.Arbitrary<Charge> {
  const plain = quantityPrices(monotone);
  const usual = fc.oneof(plain, plain, bucketedPrices(monotone), matrixPrices(monotone));
  const pricesOf: Partial<Record<Aggregation, fc.Arbitrary<PriceModel>>> = {
    sum: fc.oneof(usual, usual, percentagePrices),
    // Parts of a gauge do not come together, but for groups.
    latest: plain,
  };
  const prices = pricesOf[aggregation] ?? usual;
  return fc
    .record({
      price: prices,
      frame: frames,
      includedUnits: fc.oneof(fc.constant('0'), decimals(2_000n, 2)),
      isGrouped: fc.boolean(),
      fillsBands: fc.boolean(),
    })
    .map(({ price, frame, includedUnits, isGrouped, fillsBands }) => {
      const hasOneQuantity = !['percentage', 'bucketed', 'matrix'].includes(price.model);
      const hasBands = ['graduated', 'volume', 'graduated_percentage'].includes(price.model);
      const { conversion, ...around } = frame;
      return {
        key,
        meter: key,
        description: key,
        includedUnits: hasOneQuantity ? includedUnits : '0',
        ...(hasBands && fillsBands ? { includedUnitsTaken: 'after_band' as const } : {}),
        ...(isGrouped && price.model !== 'percentage' ? { groupBy: 'tier' } : {}),
        ...(conversion !== undefined && price.model !== 'percentage' ? { conversion } : {}),
        ...around,
        price,
      };
    });
}

/** The meter of a generated charge. One of latest values is a gauge. */
export function generatedMeter(key: string, aggregation: Aggregation): Meter {
  const gauge = aggregation === 'latest' ? { timeWeighted: true as const } : {};
  return { ...sampleMeter(key), aggregation, dimensions: DIMENSIONS, ...gauge };
}
