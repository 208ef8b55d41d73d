import { z } from 'zod';

import { TENANT_PATTERN } from '../../domain/event.ts';
import { METER_KEY_PATTERN } from '../../domain/meter.ts';
import { badRequest, notFound } from '../api-error.ts';
import { readJson } from '../read-body.ts';
import { asksForCost, checkBody } from '../read-query.ts';
import { keyOf } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

const CHECK_BODY_BYTES_MAX = 8_192;
/** Meters of one question. */
const CHECK_METERS_MAX = 50;

const meterKey = z.string().regex(METER_KEY_PATTERN, 'must be a meter key');

/** Dimensions have such values. */
const propertyValue = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  'must be a string, a number, true or false',
);

const CHECK_BODY = z.strictObject({
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id'),
  meter: meterKey.optional(),
  meters: z
    .array(meterKey)
    .min(1)
    .max(CHECK_METERS_MAX)
    .refine((keys) => new Set(keys).size === keys.length, 'must name each meter once')
    .optional(),
  // Which digits are allowed depends on the scale of each meter.
  quantity: z.union([z.string(), z.number()], 'must be a string of plain digits, or a whole number').default('1'),
  properties: z.record(z.string(), propertyValue, 'must be an object of names and values').optional(),
});

type CheckBody = z.output<typeof CHECK_BODY>;

/**
 * The usual question, about one meter and without properties, read without the schema, which costs as much as the rest of it. Anything
 * else is `undefined`, and the schema says what it is.
 */
export function plainQuestion(body: unknown): CheckBody | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { tenant, meter, quantity = '1', ...more } = body as Readonly<Record<string, unknown>>;
  if (typeof tenant !== 'string' || typeof meter !== 'string') return undefined;
  if (typeof quantity !== 'string' && typeof quantity !== 'number') return undefined;
  if (Object.keys(more).length > 0) return undefined;
  return TENANT_PATTERN.test(tenant) && METER_KEY_PATTERN.test(meter) ? { tenant, meter, quantity } : undefined;
}

/** Whether a tenant may use so much more now. Takes nothing. */
async function postCheck(context: RouteContext): Promise<RouteAnswer> {
  const sent = await readJson(context.request, CHECK_BODY_BYTES_MAX);
  const body = plainQuestion(sent) ?? checkBody(sent, CHECK_BODY);
  const { tenant, meter, meters = [], quantity, properties = null } = body;
  if ((meter === undefined) === (meters.length === 0)) {
    throw badRequest('invalid_body', 'name one meter as "meter", or several as "meters"', 'meter');
  }
  const asked = meter === undefined ? meters : [meter];
  const { waitedMs } = context;
  const question = {
    key: keyOf(context),
    tenant,
    meters: asked,
    quantity,
    properties,
    asksForCost: asksForCost(context),
    waitedMs,
  };
  const answer = await context.deps.checkLimits(question);
  if (!('refusal' in answer)) return { status: 200, body: answer };
  const { code, message, path } = answer.refusal;
  throw path === undefined ? notFound(code, message) : badRequest('invalid_body', message, path);
}

/** Senders of usage ask before the work, people ask to see; it tells no more than an event's own answer does. */
export const CHECK_ROUTES: readonly Route[] = [
  {
    method: 'post',
    path: '/v1/check',
    scopes: ['ingest', 'ingest:backfill', 'read', 'admin'],
    isHot: true,
    handle: postCheck,
  },
];
