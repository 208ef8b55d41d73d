import type pg from 'pg';

import { lockGate } from '../ledger/gate.ts';
import type { CatalogueSnapshot, TenantEntry } from './catalogue-snapshot.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { lockCatalogue, raiseCatalogueVersion } from './locked-catalogue.ts';
import { readCatalogue } from './read-catalogue.ts';

/** A change that is made, and the catalogue version that has it. */
export type MadeChange<Planned> = Planned & { readonly catalogueVersion: number };

/** How a change of one tenant is planned and written. */
export interface TenantChange<Planned> {
  readonly tenant: string;
  /** Pure: a preview is the same code without the last step. @throws ChangeRefusedError saying why it cannot be, and the cure */
  readonly plan: (snapshot: CatalogueSnapshot) => Planned;
  /** In the caller's transaction. Not called where nothing is new. */
  readonly write: (planned: Planned) => Promise<void>;
}

/**
 * Makes a change of one tenant: the steps that all of them have. Idempotent by its outcome: what says all this already stays as it is, and
 * so does the catalogue version. The caller owns the transaction.
 */
export async function changeTenant<Planned extends { readonly isUnchanged: boolean }>(
  client: pg.PoolClient,
  { tenant, plan, write }: TenantChange<Planned>,
): Promise<MadeChange<Planned>> {
  await lockCatalogue(client);
  // Whoever holds the gate is the only one who seals that tenant's periods, and who makes them: what is changed here is seen by the bill,
  // or refused. Locked before the catalogue is read, so that the reading has what was sealed in the meantime.
  await lockGate(client, tenant);
  const snapshot = await readCatalogue(client);
  const planned = plan(snapshot);
  if (planned.isUnchanged) return { ...planned, catalogueVersion: snapshot.version };
  await write(planned);
  return { ...planned, catalogueVersion: await raiseCatalogueVersion(client) };
}

/** @throws ChangeRefusedError where there is no such tenant */
export function requireTenant({ tenants }: CatalogueSnapshot, id: string): TenantEntry {
  const entry = tenants.get(id);
  if (entry === undefined) throw new ChangeRefusedError('unknown_tenant', `there is no tenant ${id}`);
  return entry;
}
