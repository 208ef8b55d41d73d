import { z } from 'zod';

import type { KeyScope } from '../../catalog/api-keys.ts';
import { TENANT_PATTERN } from '../../domain/event.ts';
import { METER_KEY_PATTERN } from '../../domain/meter.ts';
import { checkId } from '../../ingest/check-event.ts';
import type { ReservationRefusal } from '../../ingest/take-reservation.ts';
import { HOLD_SECONDS_MAX } from '../../meter/hold-bounds.ts';
import { ApiError } from '../api-error.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

/** What is reserved stands in the path of the commit, in four thirds of its bytes: far below the 16 KiB of a request's head. */
const RESERVATION_BODY_BYTES_MAX = 4_096;
/** A commit has properties like an event. */
const COMMIT_BODY_BYTES_MAX = 32_768;

const quantity = z.union([z.string(), z.number()], 'must be a string of plain digits, or a whole number');

/** Those of a reservation are in its text, so they are small. */
const propertyValue = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  'must be a string, a number, true or false',
);

const RESERVATION_BODY = z.strictObject({
  id: z.string().superRefine((id, context) => {
    const fault = checkId(id, 'id');
    if (fault !== undefined) context.addIssue(fault.reason);
  }),
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id'),
  meter: z.string().regex(METER_KEY_PATTERN, 'must be a meter key'),
  quantity: quantity.default('1'),
  ttlSeconds: z.int().min(1).max(HOLD_SECONDS_MAX),
  properties: z.record(z.string(), propertyValue, 'must be an object of names and values').optional(),
});

const COMMIT_BODY = z.strictObject({
  quantity: quantity.optional(),
  occurredAt: z.string().optional(),
  properties: z.record(z.string(), z.json(), 'must be an object').optional(),
});

const STATUSES: Readonly<Record<ReservationRefusal['code'], number>> = {
  unknown_tenant: 404,
  unknown_meter: 404,
  unknown_reservation: 404,
  invalid: 400,
  reservation_conflict: 409,
  reservation_released: 409,
  reservation_committed: 409,
  too_many_reservations: 429,
};

const RETRY_SECONDS = 5;

function answer(outcome: object | { readonly refusal: ReservationRefusal }): RouteAnswer {
  if (!('refusal' in outcome)) return { status: 200, body: outcome };
  const { code, message, path } = outcome.refusal;
  throw new ApiError({
    status: STATUSES[code],
    code: code === 'invalid' ? 'invalid_body' : code,
    message,
    ...(path !== undefined && { path }),
    ...(STATUSES[code] === 429 && { headers: { 'retry-after': String(RETRY_SECONDS) } }),
  });
}

/** Holds units before the work. */
async function postReservation(context: RouteContext): Promise<RouteAnswer> {
  const sent = await readJson(context.request, RESERVATION_BODY_BYTES_MAX);
  const { properties = null, ...asked } = checkBody(sent, RESERVATION_BODY);
  return answer(await context.deps.reservations.take({ ...asked, properties, key: keyOf(context) }));
}

function questionOf(context: RouteContext) {
  return { key: keyOf(context), reservation: parameter(context, 'reservation') };
}

/** The work is done: what it came to is counted, and the rest given back. */
async function postCommit(context: RouteContext): Promise<RouteAnswer> {
  const {
    quantity: used,
    occurredAt,
    properties,
  } = checkBody(await readJson(context.request, COMMIT_BODY_BYTES_MAX), COMMIT_BODY);
  const question = questionOf(context);
  const committed = await context.deps.reservations.commit({
    ...question,
    ...(used !== undefined && { quantity: used }),
    occurredAt,
    properties,
  });
  if ('was' in committed && committed.was === null) {
    const { result } = committed;
    context.deps.log.warn(
      { reservation: result.id, outcome: result.outcome },
      'a reservation was committed that Redis does not know any more',
    );
  }
  return answer(committed);
}

async function postRelease(context: RouteContext): Promise<RouteAnswer> {
  return answer(await context.deps.reservations.release(questionOf(context)));
}

async function getReservation(context: RouteContext): Promise<RouteAnswer> {
  return answer(await context.deps.reservations.read(questionOf(context)));
}

const INGEST: readonly KeyScope[] = ['ingest', 'ingest:backfill'];
const PATH = '/v1/reservations/:reservation';

export const RESERVATION_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/reservations', scopes: INGEST, handle: postReservation },
  { method: 'get', path: PATH, scopes: [...INGEST, 'read', 'admin'], handle: getReservation },
  { method: 'post', path: `${PATH}/commit`, scopes: INGEST, handle: postCommit },
  { method: 'post', path: `${PATH}/release`, scopes: INGEST, handle: postRelease },
];
