import { z } from 'zod';

import { decimal, decimalText, isPlainDecimal } from '../domain/decimal.ts';
import { formatInstant, parseInstant } from '../domain/instant.ts';
import { currencyExponent } from '../domain/money.ts';
import { badRequest } from './api-error.ts';

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
