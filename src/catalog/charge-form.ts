import { z } from 'zod';

import { METER_KEY_PATTERN } from '../domain/meter.ts';
import { PLAN_KEY_PATTERN } from '../domain/plan.ts';
import type { Charge } from '../domain/plan.ts';
import { dimensionValue, flag, keyField, listOf, mapOf, notNegative, positive, text } from './file-fields.ts';
import { PRICE } from './price-forms.ts';

const CONVERSION = z
  .strictObject({
    multiply: positive.exactOptional().describe('Metered units times this are billed units.'),
    divide: positive
      .exactOptional()
      .describe('Metered units divided by this are billed units: 3600 makes hours of seconds.'),
    rounding: z
      .enum(['up', 'down', 'half_up'], 'must be up, down or half_up, or be left out')
      .exactOptional()
      .describe('To a whole number of billed units. Left out: not rounded.'),
  })
  .refine(
    ({ multiply, divide }) => multiply !== undefined || divide !== undefined,
    'must have multiply or divide: { divide: 3600, rounding: up } bills started hours of seconds',
  )
  .meta({ anyOf: [{ required: ['multiply'] }, { required: ['divide'] }] });

/** A part of a price that is not charged. Over 100 % is refused by the rules of price lists, with its place. */
export const DISCOUNT = z.union(
  [
    z.strictObject({ percent: notNegative.describe('10 is 10 % off.') }),
    z.strictObject({ amount: notNegative.describe('Major units; never more than there is.') }),
  ],
  'must be { percent } or { amount }, with a plain decimal: { percent: 10 } is 10 % off',
);

/** A promise to spend. */
export const COMMITMENT = z.strictObject({
  amount: notNegative.describe('What is promised for a whole period, in major units.'),
  overageFactor: notNegative.default('1').describe('What goes beyond costs so many times its price.'),
  trueUp: flag.default(true).describe('Whether what is missing is charged at the end of the period.'),
});

/** One value or several; in one order, since the order means nothing. */
const FILTER_VALUES = z
  .preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    listOf(dimensionValue).min(1, 'must name at least one value'),
  )
  .transform((values) => [...new Set(values)].toSorted())
  .meta({ type: ['string', 'number', 'boolean', 'array'] });

const FILTER = mapOf(
  FILTER_VALUES,
  'must not name a dimension __proto__',
  'must be a map of dimensions and their values: { region: [eu, us] }',
)
  .refine((filter) => Object.keys(filter).length > 0, 'must name at least one dimension, or be left out')
  .meta({ minProperties: 1 });

/** One price on one meter. */
export const CHARGE = z
  .strictObject({
    key: keyField(PLAN_KEY_PATTERN).describe('Unique in its plan; names the invoice line.'),
    meter: keyField(METER_KEY_PATTERN).describe('The meter that it prices.'),
    description: text.optional().describe('The text of the invoice line. Left out: the key.'),
    filter: FILTER.exactOptional().describe(
      "Only usage with these values of the meter's dimensions: { region: [eu, us] }",
    ),
    groupBy: text.exactOptional().describe('A dimension; each of its values is priced by itself.'),
    conversion: CONVERSION.exactOptional().describe('Turns metered units into billed ones, first of all.'),
    includedUnits: notNegative.default('0').describe('Billed units per period that cost nothing.'),
    includedUnitsTaken: z
      .enum(['before_band', 'after_band'], 'must be before_band or after_band')
      .default('before_band')
      .describe('Taken off before a band is chosen, or after: then they count for the band and fill the lower ones.'),
    price: PRICE.describe('The price model and its parameters.'),
    discount: DISCOUNT.exactOptional().describe('A part of the price that is not charged.'),
    commitment: COMMITMENT.exactOptional().describe('A promise to spend on this charge.'),
    minimum: notNegative
      .exactOptional()
      .describe('Due at least for a whole period; the shortfall is a line of its own.'),
    maximum: notNegative.exactOptional().describe('Due at most; what goes beyond is given back by a line of its own.'),
  })
  .transform(({ description, includedUnitsTaken, ...charge }): Charge => ({
    ...charge,
    description: description ?? charge.key,
    ...(includedUnitsTaken === 'before_band' ? {} : { includedUnitsTaken }),
  }));
