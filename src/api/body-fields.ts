import { z } from 'zod';

import { readChangeAt } from '../catalog/change-instant.ts';
import { decimal, decimalText, isPlainDecimal } from '../domain/decimal.ts';
import { formatInstant, parseInstant, requireInstant } from '../domain/instant.ts';
import { currencyExponent } from '../domain/money.ts';
import { badRequest } from './api-error.ts';
import { REASON_BODY } from './reason-body.ts';

const AMOUNT_CHARACTERS_MAX = 30;

/** An amount of a body: text, more than zero, in its canonical spelling. */
export const amountField = z
  .string('must be text: "12.50"')
  .max(AMOUNT_CHARACTERS_MAX, `must have at most ${AMOUNT_CHARACTERS_MAX} characters`)
  .refine(isPlainDecimal, 'must be a plain decimal of major units: write "12.50"')
  .transform((text) => decimalText(decimal(text)))
  .refine((text) => text !== '0' && !text.startsWith('-'), 'must be more than zero');

/** An instant of a body, in its canonical spelling. */
export const instantField = z.string('must be text').transform((text, context): string => {
  const micros = parseInstant(text);
  if (micros !== undefined) return formatInstant(micros);
  context.addIssue({ code: 'custom', message: 'must be an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z' });
  return z.NEVER;
});

/** When a change takes effect. */
export const changeAtField = z
  .string('must be now, period_end or an RFC 3339 instant')
  .refine((text) => text === 'now' || text === 'period_end' || parseInstant(text) !== undefined, {
    message: 'must be now, period_end or an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z',
  })
  .transform(readChangeAt);

/** Where something ends that a tenant is given. Left out: it stays. */
export const untilField = instantField.transform(requireInstant).optional();

/** Which version of a plan is meant. Left out: the newest. */
export const planVersionField = z
  .number('must be a whole number')
  .int('must be a whole number')
  .positive('must be 1 or more')
  .optional();

/** The body that ends what a tenant has. */
export const END_OF_HOLDING_BODY = REASON_BODY.extend({ at: changeAtField.default('now') });

const TEXT_CHARACTERS_MAX = 500;

/** A text for people: on invoices, in lists. */
export const textField = z
  .string('must be text')
  .trim()
  .min(1, 'must not be empty')
  .max(TEXT_CHARACTERS_MAX, `must have at most ${TEXT_CHARACTERS_MAX} characters`);

/** Minor units of an amount that has no more digits than its currency. @throws ApiError 400 */
export function minorOf(amount: string, currency: string, path: string): string {
  const exponent = currencyExponent(currency);
  const minor = decimalText(decimal(amount).times(decimal(10n ** BigInt(exponent))));
  if (!minor.includes('.')) return minor;
  throw badRequest('invalid_body', `${path}: ${currency} has ${exponent} digits behind the point`, path);
}
