import { z } from 'zod';

import type { KeyScope } from '../../catalog/api-keys.ts';
import { EVENT_TYPE_PATTERN, TENANT_PATTERN } from '../../domain/event.ts';
import { METER_KEY_PATTERN } from '../../domain/meter.ts';
import { attributeHeaders } from '../../ingest/binary-event.ts';
import { CursorError, EVENTS_PAGE_MAX, listEvents } from '../../ledger/list-events.ts';
import { badRequest, problemBody, PROBLEM_TYPE } from '../api-error.ts';
import { limitOf } from '../paging.ts';
import { asksForCost, instantParameter, pageParameters, readQuery } from '../read-query.ts';
import { keyOf, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const INGEST: readonly KeyScope[] = ['ingest', 'ingest:backfill'];

/** Events in: the stream goes on as it comes, since how it is read is ingest's business from the first byte. */
async function postEvents(context: RouteContext): Promise<RouteAnswer> {
  const { headers } = context.request;
  const answer = await context.deps.takeEvents({
    authorization: headers.authorization,
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    contentLength: headers['content-length'],
    attributes: attributeHeaders(context.request),
    idempotencyKey: context.idempotencyKey ?? undefined,
    asksForCost: asksForCost(context),
    body: context.request,
  });
  if (!('error' in answer.body)) return answer;
  const { code, message, dependency } = answer.body.error;
  // Ingest refuses before it has read the body: what is left of it makes the connection useless for the next request.
  const own = { 'content-type': PROBLEM_TYPE, ...(answer.status < 500 ? { connection: 'close' } : {}) };
  const members = dependency === undefined ? {} : { dependency };
  const body = problemBody({ status: answer.status, code, message, members });
  return { status: answer.status, body, headers: { ...own, ...answer.headers } };
}

const EVENTS_QUERY = z.strictObject({
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
  type: z.string().regex(EVENT_TYPE_PATTERN, 'must be an event type').optional(),
  from: instantParameter.optional(),
  to: instantParameter.optional(),
  meter: z.string().regex(METER_KEY_PATTERN, 'must be a meter key').optional(),
  accountingPeriod: instantParameter.optional(),
  usagePeriod: instantParameter.optional(),
  cursor: pageParameters.cursor,
  limit: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'must be a whole number from 1 on')
    .transform((text) => Math.min(Number(text), EVENTS_PAGE_MAX))
    .optional(),
});

/** The raw events of a tenant: by time and type, or those behind an invoice line (its meter and periods). */
async function getEvents(context: RouteContext): Promise<RouteAnswer> {
  const { tenant: asked, limit, ...filter } = readQuery(context, EVENTS_QUERY);
  const id = asked ?? keyOf(context).tenant;
  if (id === null) throw badRequest('invalid_query', 'tenant: is required: whose events?', 'tenant');
  const { entry } = await visibleTenant(context, id);
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  const tenant = entry.tenant.id;
  try {
    const page = await listEvents(context.deps.pool, { ...given, tenant, limit: limitOf({ limit }) });
    const data = page.events.map((event) => ({ tenant, ...event }));
    return { status: 200, body: { data, nextCursor: page.nextCursor } };
  } catch (error) {
    if (error instanceof CursorError) throw badRequest('invalid_cursor', error.message, 'cursor');
    throw error;
  }
}

export const EVENT_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/events', scopes: INGEST, isAuthorizedByHandler: true, isHot: true, handle: postEvents },
  { method: 'get', path: '/v1/events', scopes: READ, handle: getEvents },
];
