import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { notFound } from './api-error.ts';
import { keyOf } from './route.ts';
import type { RouteContext } from './route.ts';

/**
 * The tenant that a request names, and the snapshot it is in. For a key that is bound to a tenant no other one exists. One that
 * is not in memory is looked for in the database once: it may have been made a moment ago through another process.
 *
 * @throws ApiError 404
 */
export async function visibleTenant(
  context: RouteContext,
  id: string,
): Promise<{ readonly entry: TenantEntry; readonly snapshot: CatalogueSnapshot }> {
  const bound = keyOf(context).tenant;
  if (bound === null || bound === id) {
    const { catalogue } = context.deps;
    for (const read of [() => catalogue.current(), () => catalogue.reload()]) {
      const snapshot = await read();
      const entry = snapshot.tenants.get(id);
      if (entry !== undefined) return { entry, snapshot };
    }
  }
  throw notFound('unknown_tenant', `there is no tenant ${id}: GET /v1/tenants lists those that this key may see`);
}
