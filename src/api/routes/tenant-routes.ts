import { z } from 'zod';

import { limitOf, readCursor, toPage } from '../paging.ts';
import { pageParameters, readQuery } from '../read-query.ts';
import { keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { tenantView } from '../tenant-view.ts';
import { visibleTenant } from '../visible-tenant.ts';

const TENANT_CURSOR = /^[A-Za-z0-9_-]{1,64}$/;

async function getTenants(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, z.strictObject(pageParameters));
  const after = readCursor(query, TENANT_CURSOR);
  const limit = limitOf(query);
  const bound = keyOf(context).tenant;
  const { tenants } = await context.deps.catalogue.refresh();
  const entries = [...tenants.values()]
    .filter(({ tenant }) => (bound === null || tenant.id === bound) && (after === null || tenant.id > after))
    .toSorted((a, b) => (a.tenant.id < b.tenant.id ? -1 : 1))
    .slice(0, limit + 1);
  const page = toPage(entries, limit, ({ tenant }) => tenant.id);
  const data = page.data.map((entry) => tenantView(entry, context.atMicros));
  return { status: 200, body: { data, nextCursor: page.nextCursor } };
}

async function getTenant(context: RouteContext): Promise<RouteAnswer> {
  const id = parameter(context, 'id');
  // A tenant that was just paused or changed is shown as it is, not as this process remembers it.
  await context.deps.catalogue.refresh();
  const { entry } = await visibleTenant(context, id);
  return { status: 200, body: tenantView(entry, context.atMicros) };
}

export const TENANT_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/tenants', scopes: READ, handle: getTenants },
  { method: 'get', path: '/v1/tenants/:id', scopes: READ, handle: getTenant },
];
