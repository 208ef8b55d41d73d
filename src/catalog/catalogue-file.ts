import { z } from 'zod';

import { decimal, decimalText, isPlainDecimal } from '../domain/decimal.ts';
import { EVENT_TYPE_PATTERN, TENANT_PATTERN } from '../domain/event.ts';
import { formatInstant, parseInstant } from '../domain/instant.ts';
import { METER_KEY_PATTERN } from '../domain/meter.ts';
import { PLAN_KEY_PATTERN } from '../domain/plan.ts';
import { SCALE_MAX } from '../domain/quantity.ts';
import { NumberText } from './yaml-source.ts';

const LIST_MAX = 10_000;
const TEXT_MAX = 500;
const PAYMENT_TERMS_DAYS_MAX = 3_650;
const DECIMAL_CHARACTERS_MAX = 60;

/** Text as written; a number is taken as its spelling, since `taxIds: [123456789]` means the digits. */
const text = z.preprocess(
  (value) => (value instanceof NumberText ? value.text : value),
  z.string('must be text').trim().min(1, 'must not be empty').max(TEXT_MAX, `must have at most ${TEXT_MAX} characters`),
);

/** A decimal in its canonical spelling: 20.00 and "20" are the same definition, so neither makes a new version. */
const decimalField = z.unknown().transform((value, context): string => {
  const spelled = value instanceof NumberText ? value.text : value;
  if (typeof spelled === 'string' && isPlainDecimal(spelled) && spelled.length <= DECIMAL_CHARACTERS_MAX) {
    return decimalText(decimal(spelled));
  }
  context.addIssue({ code: 'custom', message: 'must be a plain decimal: write 0.000003, not 3e-6, .5 or 1,000' });
  return z.NEVER;
});

const notNegative = decimalField.refine((value) => !value.startsWith('-'), 'must not be negative');
const positive = decimalField.refine((value) => !value.startsWith('-') && value !== '0', 'must be more than zero');

function integerField(minimum: number, maximum: number): z.ZodType<number> {
  return z.unknown().transform((value, context): number => {
    const spelled = value instanceof NumberText ? value.text : value;
    const parsed = typeof spelled === 'string' && /^\d{1,9}$/.test(spelled) ? Number(spelled) : Number.NaN;
    if (parsed >= minimum && parsed <= maximum) return parsed;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${minimum} to ${maximum}` });
    return z.NEVER;
  });
}

/** A JSON scalar that an event's property is compared with. */
const scalarField = z.unknown().transform((value, context): string | number | boolean | null => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof NumberText && Number.isFinite(Number(value.text))) return Number(value.text);
  context.addIssue({ code: 'custom', message: 'must be text, a number, true, false or null' });
  return z.NEVER;
});

const instantField = z.string('must be an instant').transform((value, context): string => {
  const micros = parseInstant(value);
  if (micros !== undefined) return formatInstant(micros);
  context.addIssue({ code: 'custom', message: 'must be an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z' });
  return z.NEVER;
});

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const LATE_WINDOW_SECONDS_MAX = 35 * 86_400;

/** `0s`, `90s`, `15m`, `1h`, `2d`, in seconds. At most 35 days, the horizon behind which ordinary keys are refused anyway. */
const durationField = z.unknown().transform((value, context): number => {
  const match = typeof value === 'string' ? /^(\d{1,7})([smhd])$/.exec(value) : null;
  const seconds = match === null ? undefined : Number(match[1]) * (SECONDS_OF_UNIT[match[2] ?? ''] ?? 0);
  if (seconds !== undefined && seconds <= LATE_WINDOW_SECONDS_MAX) return seconds;
  context.addIssue({ code: 'custom', message: 'must be a time of at most 35d: write 0s, 90s, 15m, 1h or 2d' });
  return z.NEVER;
});

function keyField(pattern: RegExp): z.ZodType<string> {
  return z.string('must be text').regex(pattern, `must match ${pattern.source}`);
}

function listOf<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item, 'must be a list').max(LIST_MAX, `must have at most ${LIST_MAX} entries`);
}

const PARTY = z.strictObject({
  name: text,
  addressLines: listOf(text).default([]),
  email: text.optional(),
  taxIds: listOf(text).default([]),
});

const CONDITION = z
  .strictObject({
    property: text,
    equals: scalarField.optional(),
    in: listOf(scalarField).min(1, 'must name at least one value').optional(),
    exists: z.boolean('must be true or false').optional(),
  })
  .refine(
    (condition) => ['equals', 'in', 'exists'].filter((test) => Object.hasOwn(condition, test)).length === 1,
    'must have exactly one of equals, in, exists',
  );

const WEIGHTS_MAX = 20;

/** Weights by the name of the property. The form of a record drops the name `__proto__` in silence, so it is refused before. */
const WEIGHTS = z
  .unknown()
  .refine(
    (value) => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'),
    'must not weigh a property of the name __proto__',
  )
  .pipe(z.record(z.string().min(1).max(TEXT_MAX), positive, 'must be a map of properties and their weights'))
  .refine(
    (weights) => Object.keys(weights).length >= 1 && Object.keys(weights).length <= WEIGHTS_MAX,
    `must name 1 to ${WEIGHTS_MAX} properties`,
  );

const VALUE_FORMS =
  'must be quantity, { property: NAME } or { weights: { NAME: NUMBER } } with plain decimals above zero';

const METER = z.strictObject({
  key: keyField(METER_KEY_PATTERN),
  eventType: keyField(EVENT_TYPE_PATTERN).optional(),
  from: instantField.optional(),
  aggregation: z.enum(['count', 'sum', 'max', 'latest', 'unique'], 'must be count, sum, max, latest or unique'),
  value: z
    .union(
      [z.literal('quantity'), z.strictObject({ property: text }), z.strictObject({ weights: WEIGHTS })],
      VALUE_FORMS,
    )
    .default('quantity'),
  filter: listOf(CONDITION).default([]),
  dimensions: listOf(text).default([]),
  unit: text.default('unit'),
  scale: integerField(0, SCALE_MAX).default(0),
});

const BAND = z.strictObject({
  upTo: z.union([z.null(), positive], 'must be a plain decimal above zero, or null for the last band').default(null),
  unitPrice: notNegative,
  flatFee: notNegative.default('0'),
});

const PRICE = z.discriminatedUnion(
  'model',
  [
    z.strictObject({ model: z.literal('per_unit'), unitPrice: notNegative }),
    z.strictObject({
      model: z.literal('graduated'),
      bands: listOf(BAND).min(1, 'must have at least one band'),
      flatAtZero: z.boolean('must be true or false').default(false),
    }),
    z.strictObject({
      model: z.literal('package'),
      size: positive,
      packagePrice: notNegative,
      freeUnits: notNegative.default('0'),
    }),
  ],
  'must name a model: per_unit, graduated or package',
);

const CHARGE = z.strictObject({
  key: keyField(PLAN_KEY_PATTERN),
  meter: keyField(METER_KEY_PATTERN),
  description: text.optional(),
  includedUnits: notNegative.default('0'),
  price: PRICE,
});

const LIMIT = z.strictObject({
  meter: keyField(METER_KEY_PATTERN),
  mode: z.enum(['hard', 'soft'], 'must be hard or soft'),
  window: z.enum(['period', 'minute', 'hour', 'day'], 'must be period, minute, hour or day').default('period'),
  dimension: text.optional(),
  limit: notNegative,
});

const ALERT = z.union(
  [
    z.strictObject({ meter: keyField(METER_KEY_PATTERN), shareOfLimit: positive }),
    z.strictObject({ meter: keyField(METER_KEY_PATTERN), shareOfIncluded: positive }),
    z.strictObject({ meter: keyField(METER_KEY_PATTERN), quantity: positive }),
  ],
  'must be { meter, shareOfLimit }, { meter, shareOfIncluded } or { meter, quantity }, with a plain decimal above zero: 0.8 is 80 %',
);

const CURRENCY = z.string('must be text').regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code in upper case: USD, EUR, JPY');

const PLAN = z.strictObject({
  key: keyField(PLAN_KEY_PATTERN),
  name: text.optional(),
  currency: CURRENCY,
  baseFee: notNegative.default('0'),
  charges: listOf(CHARGE).default([]),
  limits: listOf(LIMIT).default([]),
  alerts: listOf(ALERT).default([]),
});

const TAX_RATE = z.strictObject({
  name: text,
  percent: notNegative.refine((value) => decimal(value).lte('100'), 'must be at most 100'),
});

const TENANT = z.strictObject({
  id: keyField(TENANT_PATTERN),
  name: text.optional(),
  currency: CURRENCY,
  timeZone: text.default('UTC'),
  billingStart: instantField.optional(),
  endsAt: z.union([z.null(), instantField], 'must be an RFC 3339 instant with a zone, or null').default(null),
  periodLength: z
    .enum(['year', 'month', 'week', 'day', 'hour', 'minute'], 'must be year, month, week, day, hour or minute')
    .default('month'),
  lateWindow: durationField.default(3_600),
  taxRates: listOf(TAX_RATE).default([]),
  paymentTermsDays: integerField(0, PAYMENT_TERMS_DAYS_MAX).default(30),
  billTo: keyField(TENANT_PATTERN).optional(),
  buyer: PARTY.optional(),
  plan: keyField(PLAN_KEY_PATTERN),
  planVersion: integerField(1, 1_000_000).optional(),
  paused: z.boolean('must be true or false').optional(),
  limits: listOf(LIMIT).default([]),
});

/** The form of a catalogue file. Every part may be missing: what a file does not name stays as it is. */
export const CATALOGUE_FILE = z.strictObject(
  {
    issuer: PARTY.optional(),
    meters: listOf(METER).default([]),
    plans: listOf(PLAN).default([]),
    tenants: listOf(TENANT).default([]),
  },
  'must be a map with issuer, meters, plans and tenants',
);

/** A catalogue file whose form is right; what it refers to is checked by `checkCatalogue`. */
export type CatalogueFile = z.output<typeof CATALOGUE_FILE>;
/** One meter as the file writes it. */
export type FileMeter = CatalogueFile['meters'][number];
/** One plan as the file writes it. */
export type FilePlan = CatalogueFile['plans'][number];
/** One limit of a plan or a tenant as the file writes it. */
export type FileLimit = FilePlan['limits'][number];
/** One tenant as the file writes it. */
export type FileTenant = CatalogueFile['tenants'][number];
