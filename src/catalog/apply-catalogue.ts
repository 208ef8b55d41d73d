import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import type { CatalogueChange, CatalogueWrites } from './catalogue-changes.ts';
import { CatalogueError } from './catalogue-problem.ts';
import { checkCatalogue } from './check-catalogue.ts';
import type { PlanCheck } from './check-catalogue.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import { raiseCatalogueVersion, readLockedCatalogue, withLockedGates } from './locked-catalogue.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';
import { planChanges } from './plan-changes.ts';
import { writeChanges } from './write-changes.ts';
import { writePlansOfFile } from './write-timeline.ts';

/** How to apply: for real or dry, as of when, and who judges whether a plan can be rated. */
export interface ApplyOptions {
  /** Answer the same changes, write nothing. */
  readonly dryRun: boolean;
  readonly atMicros: EpochMicros;
  readonly checkPlan: PlanCheck;
}

/** What applying a file did, or with `dryRun` would do. */
export interface ApplyResult {
  readonly changes: readonly CatalogueChange[];
  /** After the apply; as it was when nothing changed. */
  readonly catalogueVersion: number;
  /** Tenants whose billing has to be started once the transaction is committed. */
  readonly newTenants: readonly string[];
}

/**
 * Brings the stored catalogue to what the file says. Idempotent; definitions that the file does not name stay. The caller owns
 * the transaction: the lock on the catalogue's version orders concurrent applies until it ends.
 *
 * @throws CatalogueError naming every problem with its place in the file; nothing was written then
 */
export async function applyCatalogue(
  client: pg.PoolClient,
  parsed: ParsedCatalogue,
  options: ApplyOptions,
): Promise<ApplyResult> {
  const snapshot = await readLockedCatalogue(client);
  const problems = checkCatalogue(parsed, snapshot, options.checkPlan);
  if (problems.length > 0) throw new CatalogueError(parsed.fileName, problems);
  const planned = await planLocked(client, parsed, snapshot, options);
  if ('problems' in planned) throw new CatalogueError(parsed.fileName, planned.problems);
  const { changes, writes } = planned;
  const newTenants = writes.newTenants.map(({ tenant }) => tenant.id);
  if (!options.dryRun) await lockTenants(client, writes);
  if (options.dryRun || changes.every(({ action }) => action === 'unchanged')) {
    // What the file says of a plan is no definition: another way to say the same makes no new version.
    if (!options.dryRun) await writePlansOfFile(client, writes.plansOfFile);
    return { changes, catalogueVersion: snapshot.version, newTenants: [] };
  }
  await writeChanges(client, writes, options.atMicros);
  await writePlansOfFile(client, writes.plansOfFile);
  return { changes, catalogueVersion: await raiseCatalogueVersion(client), newTenants };
}

/** Plans the changes; for real, once more with the gates locked of the tenants that change: a seal may have been under way. */
async function planLocked(
  client: pg.PoolClient,
  parsed: ParsedCatalogue,
  snapshot: CatalogueSnapshot,
  { dryRun, atMicros }: ApplyOptions,
): Promise<ReturnType<typeof planChanges>> {
  const foreseen = planChanges(parsed, snapshot, atMicros);
  if (dryRun || 'problems' in foreseen) return foreseen;
  const { updatedTenants, planMoves } = foreseen.writes;
  const changed = [...updatedTenants.map(({ id }) => id), ...planMoves.map(({ tenant }) => tenant)];
  if (changed.length === 0) return foreseen;
  return planChanges(parsed, await withLockedGates(client, snapshot, changed), atMicros);
}

/** In order of id, as those who bill lock a tenant and its payer: written in the order of the file, two could wait for each other. */
async function lockTenants(client: pg.PoolClient, writes: CatalogueWrites): Promise<void> {
  const ids = [...writes.updatedTenants.map(({ id }) => id), ...writes.plansOfFile.map(({ tenant }) => tenant)];
  if (ids.length === 0) return;
  await client.query('select 1 from tenant where id = any($1::text[]) order by id for no key update', [ids]);
}
