import { z } from 'zod';

import type { PriceModel, QuantityPrice } from '../domain/plan.ts';
import { dimensionValue, flag, listOf, notNegative, positive, text } from './file-fields.ts';

/** Which model a price is of: what tells one form from another. */
const modelOf = <Name extends PriceModel['model']>(name: Name) => z.literal(name).describe('The price model.');

const upTo = z
  .union([z.null(), positive], 'must be a plain decimal above zero, or null for the last band')
  .default(null)
  .describe('The last unit of the band, inclusive; null, or left out, in the last band.');

const BAND = z.strictObject({
  upTo,
  unitPrice: notNegative.describe('Of one unit, or of one block where there is a blockSize.'),
  flatFee: notNegative.default('0').describe('Due once when the band is entered.'),
  blockSize: positive
    .exactOptional()
    .describe('Sells the band in blocks of so many units; a started one counts whole.'),
  maxBlocks: positive.exactOptional().describe('In place of upTo: the band ends after so many blocks.'),
});

const PERCENT_BAND = z.strictObject({
  upTo,
  percent: notNegative.describe('2.99 is 2.99 %.'),
  flatFee: notNegative.default('0').describe('Due once when the band is entered.'),
});

const FEE_BAND = z.strictObject({ upTo, flatFee: notNegative.describe('Due when the quantity lies in this band.') });

/** What prices with bands have in common. `false` is what leaving it out means, and there is one way to say so. */
const bounded = z
  .literal(true, 'must be true, or be left out')
  .exactOptional()
  .describe('The last band ends on purpose: usage above it has no price, and holds the bill.');
const flatAtZero = flag.default(false).describe('Whether the flat fee of the first band is due without any usage.');
const bandsOf = <T extends z.ZodType>(band: T) =>
  listOf(band)
    .min(1, 'must have at least one band')
    .describe('From the lowest on; the last one is open, unless bounded says otherwise.');

const PER_UNIT = z.strictObject({ model: modelOf('per_unit'), unitPrice: notNegative.describe('Of one billed unit.') });

const GRADUATED = z.strictObject({ model: modelOf('graduated'), bands: bandsOf(BAND), flatAtZero, bounded });

const VOLUME = z.strictObject({ model: modelOf('volume'), bands: bandsOf(BAND), flatAtZero, bounded });

/** The price of what is held and not metered. */
export const FIXED_QUANTITY_PRICE = z.discriminatedUnion(
  'model',
  [PER_UNIT, GRADUATED, VOLUME],
  'must be a price with a model: per_unit, graduated or volume',
);

const PACKAGE = z
  .strictObject({
    model: modelOf('package'),
    size: positive.describe('Units in one package.'),
    packagePrice: notNegative.describe('Of one package.'),
    freeUnits: notNegative.default('0').describe('Taken off before packages are cut.'),
    rounding: z
      .enum(['up', 'down'], 'must be up or down')
      .default('up')
      .describe('What becomes of a started package: up, it is paid whole; down, it is free.'),
  })
  .transform(({ rounding, ...rest }) => ({ ...rest, ...(rounding === 'up' ? {} : { rounding }) }));

const GRADUATED_PERCENTAGE = z.strictObject({
  model: modelOf('graduated_percentage'),
  bands: bandsOf(PERCENT_BAND),
  flatAtZero,
  bounded,
});

const CAPACITY = z.strictObject({ model: modelOf('capacity'), bands: bandsOf(FEE_BAND), bounded });

const FLAT = z.strictObject({
  model: modelOf('flat'),
  amount: notNegative.describe('The fee, in major units.'),
  due: z
    .enum(['always', 'when_used'], 'must be always or when_used')
    .default('always')
    .describe('Due whether anything was used or not, or only when something was.'),
});

const DYNAMIC = z.strictObject({
  model: modelOf('dynamic'),
  multiplier: notNegative
    .default('1')
    .describe('The meter sums amounts that events carry; this is what they are times.'),
});

const PERCENTAGE = z.strictObject({
  model: modelOf('percentage'),
  percent: notNegative.describe("Of each event's amount: 2.99 is 2.99 %."),
  fixedFee: notNegative.default('0').describe('Of each event that is charged.'),
  freeEvents: notNegative
    .exactOptional()
    .describe('So many events are free, or fewer when freeAmount is used up before.'),
  freeAmount: notNegative.exactOptional().describe('Events are free until their amounts reach this.'),
  minimumPerEvent: notNegative.exactOptional().describe('A charged event costs at least this.'),
  maximumPerEvent: notNegative.exactOptional().describe('A charged event costs at most this.'),
});

/** A form that is told from others by its model. */
type PriceForm<Price> = z.ZodType<Price> & z.core.$ZodTypeDiscriminable;

/** The price of one of these models; each has a form, or this does not compile. */
function priceOf<Price extends PriceModel>(forms: {
  readonly [Name in Price['model']]: PriceForm<Extract<Price, { model: Name }>>;
}): z.ZodType<Price> {
  const ofModels = Object.values<PriceForm<Price>>(forms) as [PriceForm<Price>, ...PriceForm<Price>[]];
  return z.discriminatedUnion('model', ofModels, `must name a model: ${Object.keys(forms).join(', ')}`);
}

/** Prices of a quantity alone, which may stand inside of others. */
const QUANTITY_FORMS = {
  per_unit: PER_UNIT,
  graduated: GRADUATED,
  volume: VOLUME,
  package: PACKAGE,
  graduated_percentage: GRADUATED_PERCENTAGE,
  capacity: CAPACITY,
  flat: FLAT,
  dynamic: DYNAMIC,
};

/** A price that may stand inside of a bucketed or a matrix price. */
const QUANTITY_PRICE = priceOf<QuantityPrice>(QUANTITY_FORMS).meta({ id: 'quantityPrice' });

const BUCKETED = z.strictObject({
  model: modelOf('bucketed'),
  bucket: z.enum(['hour', 'day'], 'must be hour or day').describe("Of the tenant's time zone."),
  price: QUANTITY_PRICE.describe('The price of each hour or day by itself.'),
});

const CELL = z.strictObject({
  values: listOf(dimensionValue)
    .min(1, 'must have one value for each dimension')
    .describe('In the order of dimensions.'),
  price: QUANTITY_PRICE.describe('The price of usage with these values.'),
});

const MATRIX = z.strictObject({
  model: modelOf('matrix'),
  dimensions: listOf(text).min(1, 'must name one dimension or two').describe("One or two of the meter's dimensions."),
  cells: listOf(CELL).min(1, 'must have at least one cell').describe('Each combination of values at most once.'),
  otherwise: QUANTITY_PRICE.nullable().describe(
    'The price of all other values; null: usage of them has no price, and holds the bill.',
  ),
});

/** The price of a charge. Each model is explained in docs/catalogue.md. */
export const PRICE: z.ZodType<PriceModel> = priceOf<PriceModel>({
  ...QUANTITY_FORMS,
  percentage: PERCENTAGE,
  bucketed: BUCKETED,
  matrix: MATRIX,
}).meta({ id: 'price' });
