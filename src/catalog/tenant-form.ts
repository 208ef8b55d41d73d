import { z } from 'zod';

import { decimal } from '../domain/decimal.ts';
import { TENANT_PATTERN } from '../domain/event.ts';
import { PERIOD_LENGTHS } from '../domain/period-length.ts';
import { PLAN_KEY_PATTERN } from '../domain/plan.ts';
import {
  durationField,
  flag,
  instantField,
  integerField,
  keyField,
  listOf,
  mapOf,
  notNegative,
  text,
} from './file-fields.ts';
import { CHARGE } from './charge-form.ts';
import { CURRENCY, LIMIT } from './plan-form.ts';

const PAYMENT_TERMS_DAYS_MAX = 3_650;
const TRIAL_DAYS_MAX = 3_650;

/** How long one billing period is. */
export const PERIOD_LENGTH = z.enum(PERIOD_LENGTHS, 'must be year, month, week, day, hour or minute');

/** Who issues invoices, or gets them. */
export const PARTY = z.strictObject({
  name: text.describe('As invoices show it.'),
  addressLines: listOf(text).default([]).describe('As invoices show them, line by line.'),
  email: text.optional().describe('For people: nothing is sent there.'),
  taxIds: listOf(text).default([]).describe('As invoices show them.'),
});

const TAX_RATE = z.strictObject({
  name: text.describe('As the invoice shows it.'),
  percent: notNegative
    .refine((value) => decimal(value).lte('100'), 'must be at most 100')
    .meta({ maximum: 100, description: '19 is 19 %.' }),
});

const ADD_ON_PATTERN = /^([a-z][a-z0-9_-]{0,62})(?:@([1-9]\d{0,5}))?$/;

/** `KEY` or `KEY@VERSION` of a plan that is an add-on. */
const ADD_ON = z
  .string('must be text')
  .transform((name, context): { readonly planKey: string; readonly planVersion?: number } => {
    const [, planKey, version] = ADD_ON_PATTERN.exec(name) ?? [];
    if (planKey !== undefined) return { planKey, ...(version === undefined ? {} : { planVersion: Number(version) }) };
    context.addIssue({ code: 'custom', message: 'must be the key of an add-on, or KEY@VERSION' });
    return z.NEVER;
  })
  .meta({ type: 'string', pattern: ADD_ON_PATTERN.source });

/** One customer. */
export const TENANT = z.strictObject({
  id: keyField(TENANT_PATTERN).describe('As events name it.'),
  name: text.optional().describe('For people. Left out: the id.'),
  currency: CURRENCY.describe('That of its plans.'),
  timeZone: text.default('UTC').describe('An IANA zone: its days and periods begin at midnight there. Never changes.'),
  billingStart: instantField
    .optional()
    .describe(
      'The first period begins here, and its day is the anchor of the others. Left out: the minute of the first apply. Later periods change by `tollkeeper set-anchor`.',
    ),
  endsAt: z
    .union([z.null(), instantField], 'must be an RFC 3339 instant with a zone, or null')
    .default(null)
    .describe('Billing ends here.'),
  periodLength: PERIOD_LENGTH.default('month').describe(
    'How long one billing period is. Later periods change by `tollkeeper set-anchor`.',
  ),
  trialDays: integerField(1, TRIAL_DAYS_MAX)
    .exactOptional()
    .describe('So many days from its billing start, nothing is due: usage is counted and costs nothing.'),
  quantities: mapOf(notNegative, 'must not be named __proto__', 'must be a map of fixed quantities: { seats: 5 }')
    .default({})
    .describe("What a new tenant holds of its plan's fixed quantities; later moved by set-quantity alone."),
  addOns: listOf(ADD_ON)
    .default([])
    .describe('What a new tenant holds beside its plan: [key, key@version]; later moved by add-on alone.'),
  prices: listOf(CHARGE)
    .default([])
    .describe(
      "Charges of a new tenant's own, in place of those with their keys in its plan and add-ons; later moved by set-price alone.",
    ),
  lateWindow: durationField
    .default(3_600)
    .describe('How long after its end a period still takes its events: 90s, 15m, 1h, 2d.'),
  taxRates: listOf(TAX_RATE).default([]).describe('Each on the same amount: they do not compound.'),
  taxesIncluded: flag.default(false).describe('Prices contain the taxes: they are taken out instead of added.'),
  taxExemption: text
    .exactOptional()
    .describe('Why no tax is due, as invoices show it; the rates are not applied then.'),
  paymentTermsDays: integerField(0, PAYMENT_TERMS_DAYS_MAX)
    .default(30)
    .describe('Days from issue until an invoice is due.'),
  billTo: keyField(TENANT_PATTERN).optional().describe('The tenant that pays. Left out: itself.'),
  buyer: PARTY.optional().describe('Who the invoice is addressed to. Left out: its name.'),
  plan: keyField(PLAN_KEY_PATTERN).describe(
    'The key of its plan. When the file comes to name another, that one begins with the next period.',
  ),
  planVersion: integerField(1, 1_000_000)
    .optional()
    .describe('Left out: a new tenant gets the newest, a known one keeps its own.'),
  paused: flag
    .optional()
    .describe('Whether a new tenant begins without being billed; later moved by pause and resume alone.'),
  limits: listOf(LIMIT)
    .default([])
    .describe("Of its own, in place of its plan's on the same meter, window and dimension."),
});
