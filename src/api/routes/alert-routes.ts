import { z } from 'zod';

import { TENANT_PATTERN } from '../../domain/event.ts';
import { METER_KEY_PATTERN } from '../../domain/meter.ts';
import { listAlerts } from '../../ledger/alerts.ts';
import { limitOf, readTimeCursor, toPage } from '../paging.ts';
import { instantParameter, pageParameters, readQuery } from '../read-query.ts';
import { keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const FILTER = {
  ...pageParameters,
  period: instantParameter.optional(),
  meter: z.string().regex(METER_KEY_PATTERN, 'must be a meter key').optional(),
  from: instantParameter.optional(),
  to: instantParameter.optional(),
};
const TENANT_QUERY = z.strictObject(FILTER);
const QUERY = z.strictObject({
  ...FILTER,
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
});

/** `<at>|<id>` */
const ALERT_CURSOR = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z\|alr_[a-z2-7]{26}$/;

/** The thresholds that a tenant's usage has reached. */
async function getTenantAlerts(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, TENANT_QUERY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  return answerAlerts(context, query, entry.tenant.id);
}

/** The same over all tenants that the key may see. */
async function getAlerts(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, QUERY);
  const tenant = query.tenant ?? keyOf(context).tenant;
  if (tenant !== null) await visibleTenant(context, tenant);
  return answerAlerts(context, query, tenant);
}

async function answerAlerts(
  context: RouteContext,
  query: z.output<typeof TENANT_QUERY>,
  tenant: string | null,
): Promise<RouteAnswer> {
  const cursor = readTimeCursor(query, ALERT_CURSOR);
  const limit = limitOf(query);
  const [at = '', id = ''] = cursor ?? [];
  const rows = await listAlerts(context.deps.pool, {
    tenant,
    periodStart: query.period ?? null,
    meter: query.meter ?? null,
    from: query.from ?? null,
    to: query.to ?? null,
    after: cursor === null ? null : { at, id },
    limit: limit + 1,
  });
  const page = toPage(rows, limit, (row) => `${row.at}|${row.id}`);
  const { meters } = context.deps.catalogue.current();
  const data = page.data.map((row) => ({ ...row, unit: meters.get(row.meter)?.unit ?? 'unit' }));
  return { status: 200, body: { data, nextCursor: page.nextCursor } };
}

export const ALERT_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/alerts', scopes: READ, handle: getAlerts },
  { method: 'get', path: '/v1/tenants/:id/alerts', scopes: READ, handle: getTenantAlerts },
];
