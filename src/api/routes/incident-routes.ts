import { z } from 'zod';

import { TENANT_PATTERN } from '../../domain/event.ts';
import { type IncidentInfo, listIncidents, resolveIncident } from '../../ledger/incidents.ts';
import { notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { mutate } from '../mutate.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, flagParameter, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

const PREFIX = 'inc_';
const INCIDENT_ID = /^inc_([1-9]\d{0,17})$/;

const INCIDENTS_QUERY = z.strictObject({
  ...pageParameters,
  resolved: flagParameter.optional(),
  kind: z
    .string()
    .regex(/^[a-z][a-z_]{0,62}$/, 'must be a kind of incident')
    .optional(),
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
});

const RESOLUTION = z.strictObject({ reason: REASON_BODY.shape.reason.unwrap() });

function view(incident: IncidentInfo): IncidentInfo {
  return { ...incident, id: `${PREFIX}${incident.id}` };
}

/** What went wrong with the stores themselves: open ones, with `resolved=true` also those that were dealt with. */
async function getIncidents(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const query = readQuery(context, INCIDENTS_QUERY);
  const limit = limitOf(query);
  const incidents = await listIncidents(context.deps.pool, {
    isOpen: query.resolved !== true,
    kind: query.kind ?? null,
    tenant: query.tenant ?? null,
    before: readCursor(query, /^[1-9]\d{0,17}$/),
    limit: limit + 1,
  });
  const page = toPage(incidents, limit, ({ id }) => id);
  return { status: 200, body: { ...page, data: page.data.map(view) } };
}

async function postResolution(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const name = parameter(context, 'id');
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { reason } = checkBody(body, RESOLUTION);
  const id = INCIDENT_ID.exec(name)?.[1];
  const by = keyOf(context).keyId;
  return mutate(context, JSON.stringify(body), async (client) => {
    const resolved =
      id === undefined ? undefined : await resolveIncident(client, id, { by, reason, at: context.atMicros });
    if (resolved === undefined) {
      throw notFound('unknown_incident', `there is no incident ${name}: GET /v1/incidents lists them`);
    }
    const { incident, isNew } = resolved;
    return {
      answer: { status: 200, body: view(incident) },
      action: 'incident.resolve',
      subject: name,
      details: { kind: incident.kind, reason },
      isWithoutEffect: !isNew,
    };
  });
}

export const INCIDENT_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/incidents', scopes: READ, handle: getIncidents },
  { method: 'post', path: '/v1/incidents/:id/resolve', scopes: ADMIN, handle: postResolution },
];
