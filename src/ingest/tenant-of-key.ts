import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';

/**
 * The tenant of an id, as a key may know of it. For a key that is bound to a tenant no other exists, so that it cannot be used to find
 * out who is a customer.
 *
 * @returns `undefined` where there is none for this key
 */
export function tenantOfKey(
  snapshot: CatalogueSnapshot,
  key: Pick<AuthenticatedKey, 'tenant'>,
  id: string,
): TenantEntry | undefined {
  return key.tenant !== null && key.tenant !== id ? undefined : snapshot.tenants.get(id);
}
