import { z } from 'zod';

import { METER_KEY_PATTERN } from '../domain/meter.ts';
import { PLAN_KEY_PATTERN } from '../domain/plan.ts';
import { CHARGE, COMMITMENT } from './charge-form.ts';
import { FIXED_QUANTITY_PRICE } from './price-forms.ts';
import { flag, keyField, listOf, notNegative, positive, text } from './file-fields.ts';

const METER_NAME = keyField(METER_KEY_PATTERN).describe('The key of a meter.');

/** A bound on one meter, of a plan or a tenant. */
export const LIMIT = z.strictObject({
  meter: METER_NAME,
  mode: z
    .enum(['hard', 'soft'], 'must be hard or soft')
    .describe('hard refuses what would pass it, soft accepts and flags.'),
  window: z
    .enum(['period', 'minute', 'hour', 'day'], 'must be period, minute, hour or day')
    .default('period')
    .describe('The billing period, or a minute, hour or day of UTC by the time of arrival.'),
  dimension: text.optional().describe('A dimension, each value of which is bounded by itself.'),
  limit: notNegative.describe('Whole units.'),
});

const ALERT = z.union(
  [
    z.strictObject({ meter: METER_NAME, shareOfLimit: positive.describe('Of the limit on a period: 0.8 is 80 %.') }),
    z.strictObject({
      meter: METER_NAME,
      shareOfIncluded: positive.describe('Of the included units: 1 is all of them.'),
    }),
    z.strictObject({ meter: METER_NAME, quantity: positive.describe('Whole units.') }),
  ],
  'must be { meter, shareOfLimit }, { meter, shareOfIncluded } or { meter, quantity }, with a plain decimal above zero: 0.8 is 80 %',
);

/** A currency by its ISO 4217 code. */
export const CURRENCY = z
  .string('must be text')
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code in upper case: USD, EUR, JPY');

/** What a fee is for. A minute would be too many lines of a bill. */
const CADENCE = z.enum(['year', 'month', 'week', 'day', 'hour'], 'must be year, month, week, day or hour');

const FIXED_QUANTITY = z.strictObject({
  key: keyField(PLAN_KEY_PATTERN).describe("Unique in its plan; what a tenant's quantities call it."),
  description: text.optional().describe('For people. Left out: the key.'),
  unit: text.default('unit').describe('Of one: seat.'),
  price: FIXED_QUANTITY_PRICE.describe('Of a whole period; a part of it costs its part.'),
  every: CADENCE.exactOptional().describe(
    'What the price is for, where that is not the billing period: billed ahead, where its own period begins.',
  ),
});

/** One price list. Every change of it is a new version. */
export const PLAN = z.strictObject({
  key: keyField(PLAN_KEY_PATTERN).describe('Its name, in tenants, the API and SQL.'),
  name: text.optional().describe('For people. Left out: the key.'),
  currency: CURRENCY.describe('Of every price in it. Never changes.'),
  addOn: flag
    .default(false)
    .describe(
      'Whether it is held beside another plan, several at a time. Never changes. It has no limits, alerts or bounds.',
    ),
  baseFee: notNegative.default('0').describe('Due once per period, in major units.'),
  baseFeeEvery: CADENCE.exactOptional().describe(
    'What the base fee is for, where that is not the billing period: a yearly fee beside monthly usage.',
  ),
  baseFeeDue: z
    .enum(['arrears', 'advance'], 'must be arrears or advance')
    .default('arrears')
    .describe(
      'On the bill of its own period, or on the bill of the period before; with baseFeeEvery: on the bill in which its own period ends, or begins.',
    ),
  charges: listOf(CHARGE).default([]).describe('Prices on meters; their order is that of the invoice.'),
  fixedQuantities: listOf(FIXED_QUANTITY)
    .default([])
    .describe('What a tenant holds and does not use up, such as seats.'),
  onChange: z
    .enum(['restart', 'carry_over'], 'must be restart or carry_over')
    .default('restart')
    .describe('Whether bands and included units begin again, or go on, where the plan begins within a period.'),
  boundsCover: z
    .enum(['charges', 'charges_and_base_fee'], 'must be charges or charges_and_base_fee')
    .default('charges')
    .describe('What commitment, minimum and maximum of the plan add up.'),
  commitment: COMMITMENT.exactOptional().describe('On all charges together.'),
  minimum: notNegative.exactOptional().describe('What all charges together are due at least for a whole period.'),
  maximum: notNegative.exactOptional().describe('What all charges together are due at most: a monthly cap.'),
  limits: listOf(LIMIT).default([]).describe('Bounds on meters; a tenant may have its own in their place.'),
  alerts: listOf(ALERT)
    .default([])
    .describe('Where somebody is told of usage. Every limit on a period implies one at 100 % of it.'),
});
