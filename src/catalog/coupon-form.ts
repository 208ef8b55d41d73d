import { z } from 'zod';

import { decimal } from '../domain/decimal.ts';
import type { Coupon } from '../domain/coupon.ts';
import { PLAN_KEY_PATTERN } from '../domain/plan.ts';
import { DISCOUNT } from './charge-form.ts';
import { integerField, keyField, text } from './file-fields.ts';
import { CURRENCY } from './plan-form.ts';

const PERIODS_MAX = 1_200;

/** Something off bills. It never changes: another discount is another coupon. */
export const COUPON = z
  .strictObject({
    key: keyField(PLAN_KEY_PATTERN).describe('Its name, in the API and SQL.'),
    name: text.optional().describe('As the invoice shows it. Left out: the key.'),
    discount: DISCOUNT.describe('What it takes off.'),
    currency: CURRENCY.exactOptional().describe('Of a fixed amount, which needs it.'),
    charge: keyField(PLAN_KEY_PATTERN).exactOptional().describe('Only on this charge. Left out: on the whole invoice.'),
    periods: integerField(1, PERIODS_MAX)
      .exactOptional()
      .describe('On so many bills that it takes something off. Left out: on all of them.'),
  })
  .refine(
    ({ discount, currency }) => 'amount' in discount === (currency !== undefined),
    'must name the currency of an amount, and none beside a percentage',
  )
  .refine(
    ({ discount }) => !('percent' in discount) || decimal(discount.percent).lte('100'),
    'must take at most 100 percent off',
  )
  .transform(({ name, ...coupon }): Coupon => ({ ...coupon, name: name ?? coupon.key }));
