import { z } from 'zod';

import { decimal, decimalText, isPlainDecimal } from '../domain/decimal.ts';
import { formatInstant, parseInstant } from '../domain/instant.ts';
import { NumberText } from './yaml-source.ts';

/*
 * The fields that the forms of a catalogue file are made of. A field reads the spelling of a number, so each of them says beside
 * itself, by `meta`, what it is in the published JSON Schema, which knows nothing of spellings.
 */

const LIST_MAX = 10_000;
/** A name or a sentence; longer texts are mistakes. */
export const TEXT_MAX = 500;
const DECIMAL_CHARACTERS_MAX = 60;

/** Text as written; a number is taken as its spelling, since `taxIds: [123456789]` means the digits. */
export const text = z
  .preprocess(
    (value) => (value instanceof NumberText ? value.text : value),
    z
      .string('must be text')
      .trim()
      .min(1, 'must not be empty')
      .max(TEXT_MAX, `must have at most ${TEXT_MAX} characters`),
  )
  .meta({ type: ['string', 'number'] });

function decimalOf(value: unknown): string | undefined {
  const spelled = value instanceof NumberText ? value.text : value;
  const isReadable = typeof spelled === 'string' && isPlainDecimal(spelled) && spelled.length <= DECIMAL_CHARACTERS_MAX;
  return isReadable ? decimalText(decimal(spelled)) : undefined;
}

/** A decimal in its canonical spelling: 20.00 and "20" are the same definition, so neither makes a new version. */
const decimalField = z.unknown().transform((value, context): string => {
  const canonical = decimalOf(value);
  if (canonical !== undefined) return canonical;
  context.addIssue({ code: 'custom', message: 'must be a plain decimal: write 0.000003, not 3e-6, .5 or 1,000' });
  return z.NEVER;
});

/** An amount, price or quantity of zero or more. */
export const notNegative = decimalField
  .refine((value) => !value.startsWith('-'), 'must not be negative')
  .meta({ type: ['number', 'string'], minimum: 0, pattern: '^(0|[1-9]\\d*)(\\.\\d+)?$' });

/** A size, share or quantity of more than zero. */
export const positive = decimalField
  .refine((value) => !value.startsWith('-') && value !== '0', 'must be more than zero')
  .meta({ type: ['number', 'string'], exclusiveMinimum: 0, pattern: '^(?=.*[1-9])(0|[1-9]\\d*)(\\.\\d+)?$' });

/** A whole number within bounds, both inclusive. */
export function integerField(minimum: number, maximum: number): z.ZodType<number> {
  return z
    .unknown()
    .transform((value, context): number => {
      const spelled = value instanceof NumberText ? value.text : value;
      const parsed = typeof spelled === 'string' && /^\d{1,9}$/.test(spelled) ? Number(spelled) : Number.NaN;
      if (parsed >= minimum && parsed <= maximum) return parsed;
      context.addIssue({ code: 'custom', message: `must be a whole number from ${minimum} to ${maximum}` });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum, maximum });
}

/** A JSON scalar that an event's property is compared with. */
export const scalarField = z
  .unknown()
  .transform((value, context): string | number | boolean | null => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (value instanceof NumberText && Number.isFinite(Number(value.text))) return Number(value.text);
    context.addIssue({ code: 'custom', message: 'must be text, a number, true, false or null' });
    return z.NEVER;
  })
  .meta({ type: ['string', 'number', 'boolean', 'null'] });

/** The value of a dimension as usage is kept apart by it: the number 80 and the text "80" are the same value. */
export const dimensionValue = z
  .unknown()
  .transform((value, context): string => {
    if (typeof value === 'string' && value.length <= TEXT_MAX) return value;
    if (typeof value === 'boolean') return String(value);
    const number = value instanceof NumberText ? decimalOf(value) : undefined;
    if (number !== undefined) return number;
    context.addIssue({
      code: 'custom',
      message: `must be text of at most ${TEXT_MAX} characters, a plain number, true or false: put others in quotes`,
    });
    return z.NEVER;
  })
  .meta({ type: ['string', 'number', 'boolean'] });

/** An instant of any zone, in its canonical spelling in UTC. */
export const instantField = z
  .string('must be an instant')
  .transform((value, context): string => {
    const micros = parseInstant(value);
    if (micros !== undefined) return formatInstant(micros);
    context.addIssue({
      code: 'custom',
      message: 'must be an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z',
    });
    return z.NEVER;
  })
  .meta({ type: 'string', format: 'date-time' });

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const DURATION_SECONDS_MAX = 35 * 86_400;

/** `0s`, `90s`, `15m`, `1h`, `2d`, in seconds. At most 35 days, the horizon behind which ordinary keys are refused anyway. */
export const durationField = z
  .unknown()
  .transform((value, context): number => {
    const match = typeof value === 'string' ? /^(\d{1,7})([smhd])$/.exec(value) : null;
    const seconds = match === null ? undefined : Number(match[1]) * (SECONDS_OF_UNIT[match[2] ?? ''] ?? 0);
    if (seconds !== undefined && seconds <= DURATION_SECONDS_MAX) return seconds;
    context.addIssue({ code: 'custom', message: 'must be a time of at most 35d: write 0s, 90s, 15m, 1h or 2d' });
    return z.NEVER;
  })
  .meta({ type: 'string', pattern: '^\\d{1,7}[smhd]$' });

/** A name that is written in code, SQL and files alike. */
export function keyField(pattern: RegExp): z.ZodType<string> {
  return z.string('must be text').regex(pattern, `must match ${pattern.source}`);
}

/** A list of a bounded length. */
export function listOf<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item, 'must be a list').max(LIST_MAX, `must have at most ${LIST_MAX} entries`);
}

/** Yes or no. */
export const flag = z.boolean('must be true or false');

/**
 * A map of names and values. The form of a record drops the name `__proto__` in silence, so it is refused before.
 *
 * @param refusal what is said of a map with that name
 * @param message what is said of anything else than a map
 */
export function mapOf<T extends z.ZodType>(value: T, refusal: string, message: string) {
  const names = z.string().min(1).max(TEXT_MAX);
  return z.preprocess(
    (map, context) => {
      if (typeof map !== 'object' || map === null || !Object.hasOwn(map, '__proto__')) return map;
      context.addIssue({ code: 'custom', message: refusal, continue: true });
      return map;
    },
    z.record(names, value, message),
  );
}
