import { z } from 'zod';

import { METER_KEY_PATTERN } from '../../domain/meter.ts';
import { listRefusals } from '../../ledger/refusals.ts';
import { limitOf, readTimeCursor, toPage } from '../paging.ts';
import { instantParameter, pageParameters, readQuery } from '../read-query.ts';
import { parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const REFUSALS_QUERY = z.strictObject({
  ...pageParameters,
  from: instantParameter.optional(),
  to: instantParameter.optional(),
  meter: z.string().regex(METER_KEY_PATTERN, 'must be a meter key').optional(),
});

/** `<hour>|<meter>|<reason>` */
const REFUSAL_CURSOR = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z\|[a-z][a-z0-9_]{0,62}\|[a-z_]{1,40}$/;

/** A tenant's refused usage by hour of arrival, meter and reason: revenue that was turned away. */
async function getRefusals(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, REFUSALS_QUERY);
  const cursor = readTimeCursor(query, REFUSAL_CURSOR);
  const limit = limitOf(query);
  const { entry, snapshot } = await visibleTenant(context, parameter(context, 'id'));
  // So that whoever was refused by this process a moment ago finds it here.
  await context.deps.flushRefusals();
  const [hour = '', meter = '', reason = ''] = cursor ?? [];
  const rows = await listRefusals(context.deps.pool, {
    tenant: entry.tenant.id,
    from: query.from ?? null,
    to: query.to ?? null,
    meter: query.meter ?? null,
    after: cursor === null ? null : { hour, meter, reason },
    limit: limit + 1,
  });
  const page = toPage(rows, limit, (row) => `${row.hour}|${row.meter}|${row.reason}`);
  const data = page.data.map((row) => ({ ...row, unit: snapshot.meters.get(row.meter)?.unit ?? 'unit' }));
  return { status: 200, body: { data, nextCursor: page.nextCursor } };
}

export const REFUSAL_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/tenants/:id/refusals', scopes: READ, handle: getRefusals },
];
