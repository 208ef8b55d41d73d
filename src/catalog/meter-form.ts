import { z } from 'zod';

import { EVENT_TYPE_PATTERN } from '../domain/event.ts';
import { METER_KEY_PATTERN } from '../domain/meter.ts';
import { SCALE_MAX } from '../domain/quantity.ts';
import {
  flag,
  instantField,
  integerField,
  keyField,
  listOf,
  mapOf,
  positive,
  scalarField,
  text,
} from './file-fields.ts';

const CONDITION = z
  .strictObject({
    property: text.describe('The name of the property.'),
    equals: scalarField.optional().describe('The event has exactly this value.'),
    in: listOf(scalarField).min(1, 'must name at least one value').optional().describe('The event has one of these.'),
    exists: flag.optional().describe('Whether the event has the property at all.'),
  })
  .refine(
    (condition) => ['equals', 'in', 'exists'].filter((test) => Object.hasOwn(condition, test)).length === 1,
    'must have exactly one of equals, in, exists',
  )
  .meta({ oneOf: [{ required: ['equals'] }, { required: ['in'] }, { required: ['exists'] }] });

const WEIGHTS_MAX = 20;

/** Weights by the name of the property. */
const WEIGHTS = mapOf(
  positive,
  'must not weigh a property of the name __proto__',
  'must be a map of properties and their weights',
)
  .refine(
    (weights) => Object.keys(weights).length >= 1 && Object.keys(weights).length <= WEIGHTS_MAX,
    `must name 1 to ${WEIGHTS_MAX} properties`,
  )
  .meta({ minProperties: 1, maxProperties: WEIGHTS_MAX });

const VALUE_FORMS =
  'must be quantity, { property: NAME } or { weights: { NAME: NUMBER } } with plain decimals above zero';

/** One meter: how events become a number. */
export const METER = z.strictObject({
  key: keyField(METER_KEY_PATTERN).describe('Its name, in charges, limits, the API and SQL.'),
  eventType: keyField(EVENT_TYPE_PATTERN).optional().describe('The events it takes. Left out: its key.'),
  from: instantField.optional().describe('This version reads events from this instant on.'),
  aggregation: z
    .enum(
      ['count', 'sum', 'max', 'latest', 'unique', 'time_weighted'],
      'must be count, sum, max, latest, unique or time_weighted',
    )
    .describe(
      'How the values of many events become one number. time_weighted: a gauge, whose value times seconds is billed.',
    ),
  value: z
    .union(
      [
        z.literal('quantity'),
        z.strictObject({ property: text.describe('The name of the property.') }),
        z.strictObject({
          weights: WEIGHTS.describe('Decimals above zero by the names of properties; their products are added.'),
        }),
      ],
      VALUE_FORMS,
    )
    .default('quantity')
    .describe('What is read of an event: its quantity, a property, or a weighted sum of properties.'),
  filter: listOf(CONDITION).default([]).describe('Only events that meet all of these.'),
  dimensions: listOf(text).default([]).describe('Properties by whose values usage is kept apart, limited and priced.'),
  unit: text.default('unit').describe('For people: token, GB.'),
  scale: integerField(0, SCALE_MAX)
    .default(0)
    .describe('Digits behind the point that a quantity keeps. Never changes.'),
});
