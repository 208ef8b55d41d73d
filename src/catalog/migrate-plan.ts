import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { type LeftQuantities, leftQuantities } from './add-on-quantities.ts';
import { type CatalogueSnapshot, type PlanSpan, planVersionName, type TenantEntry } from './catalogue-snapshot.ts';
import { type ChangeAt, changeInstant } from './change-instant.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { raiseCatalogueVersion, readLockedCatalogue, withLockedGates } from './locked-catalogue.ts';
import { withTimeline } from './named-timelines.ts';
import { strandedPrice, strandedPriceSentence } from './stranded-price.ts';
import { takenKey, takenKeySentence } from './taken-keys.ts';
import { replaceQuantities, replaceTimeline, type TimelineName } from './write-timeline.ts';

/** Tenants that one page of a migration looks at most. */
export const MIGRATED_PER_PAGE_MAX = 100;

/** All tenants on older versions of a plan, or add-on, are to come under another of its versions. */
export interface PlanMigration {
  readonly planKey: string;
  readonly toVersion: number;
  readonly at: ChangeAt;
}

/** Which tenants: those behind an id, in order, and how many. */
export interface MigrationPage {
  readonly after: string | null;
  readonly limit: number;
}

/** One tenant of a migration: moved, or refused with the reason. */
export interface MigrationStep {
  readonly tenant: string;
  readonly fromVersion: number;
  readonly atMicros: EpochMicros | null;
  /** Why it stays where it is; `null`: it moves. */
  readonly refused: string | null;
  /** Its timeline of plans, or of the add-on, as it is then. Of one that stays: none. */
  readonly moved: readonly PlanSpan[];
  /** What it leaves of fixed quantities. Of one that stays: as they are. */
  readonly left: LeftQuantities;
}

/** A page of a migration. */
export interface PlannedMigration {
  readonly plan: PlanVersion;
  readonly steps: readonly MigrationStep[];
  /** Whether there are more tenants behind the last one. */
  readonly hasMore: boolean;
}

/**
 * What a page of a migration would do: every tenant whose timeline has an older version of the plan at the instant of change or later.
 * Changes to other plans that are planned for it stay.
 *
 * @throws ChangeRefusedError when there is no such version
 */
export function planMigration(
  snapshot: CatalogueSnapshot,
  migration: PlanMigration,
  nowMicros: EpochMicros,
  { after, limit }: MigrationPage,
): PlannedMigration {
  const { planKey, toVersion } = migration;
  const plan = snapshot.planVersions.get(planVersionName(planKey, toVersion));
  if (plan === undefined) {
    throw new ChangeRefusedError(
      'unknown_plan',
      `plan ${planKey} has no version ${toVersion}: GET /v1/catalogue lists them`,
    );
  }
  const steps: MigrationStep[] = [];
  const entries = [...snapshot.tenants.values()]
    .filter(({ tenant }) => after === null || tenant.id > after)
    .toSorted((a, b) => (a.tenant.id < b.tenant.id ? -1 : 1));
  for (const entry of entries) {
    const step = stepOf(entry, migration, plan, nowMicros);
    if (step === undefined) continue;
    if (steps.length === limit) return { plan, steps, hasMore: true };
    steps.push(step);
  }
  return { plan, steps, hasMore: false };
}

/** Moves a page of tenants, in the caller's transaction. Done a second time, it finds none of them on an older version. */
export async function migratePlan(
  client: pg.PoolClient,
  migration: PlanMigration,
  nowMicros: EpochMicros,
  page: MigrationPage,
): Promise<PlannedMigration & { readonly catalogueVersion: number }> {
  const snapshot = await readLockedCatalogue(client);
  const foreseen = planMigration(snapshot, migration, nowMicros, page);
  // Sealed in the meantime, or not: what is locked does not change any more.
  const locked = await withLockedGates(
    client,
    snapshot,
    foreseen.steps.map(({ tenant }) => tenant),
  );
  const planned = planMigration(locked, migration, nowMicros, page);
  const moved = planned.steps.filter(({ refused }) => refused === null);
  if (moved.length === 0) return { ...planned, catalogueVersion: snapshot.version };
  for (const { tenant, moved: items, left } of moved) {
    await replaceTimeline(client, timelineOf(planned.plan, tenant), items);
    await replaceQuantities(client, tenant, left);
  }
  return { ...planned, catalogueVersion: await raiseCatalogueVersion(client) };
}

function timelineOf({ addOn, key }: PlanVersion, tenant: string): TimelineName {
  return addOn === true ? { tenant, kind: 'add_on', name: key } : { tenant, kind: 'plan', name: '' };
}

function stepOf(
  entry: TenantEntry,
  { planKey, toVersion, at }: PlanMigration,
  plan: PlanVersion,
  nowMicros: EpochMicros,
): MigrationStep | undefined {
  const isOlder = (span: PlanSpan): boolean => span.plan.key === planKey && span.plan.version < toVersion;
  const spans = plan.addOn === true ? entry.addOns.filter((span) => span.plan.key === planKey) : entry.plans;
  const tenant = entry.tenant.id;
  const staying = { atMicros: null, moved: [], left: { quantities: entry.quantities, changedQuantities: [] } };
  try {
    const atMicros = changeInstant(entry, at, nowMicros);
    const older = spans.find((span) => isOlder(span) && (span.toMicros === null || span.toMicros > atMicros));
    if (older === undefined) return undefined;
    const fromVersion = older.plan.version;
    const moved = spans.flatMap((span) => (isOlder(span) ? movedFrom(span, plan, atMicros) : [span]));
    const after = movedEntry(entry, plan, moved);
    const refused = reasonAgainst(after, atMicros, entry);
    if (refused !== undefined) return { tenant, fromVersion, refused, ...staying };
    const left = leftQuantities(entry, after, atMicros);
    return { tenant, fromVersion, atMicros: Math.max(atMicros, older.fromMicros), refused: null, moved, left };
  } catch (error) {
    // Of one that has ended there is nothing to move.
    if (!(error instanceof ChangeRefusedError)) throw error;
    if (error.refusal === 'tenant_ended') return undefined;
    const wantedMicros = typeof at === 'number' ? at : nowMicros;
    const openMicros = Math.max(wantedMicros, entry.gate.sealedThroughMicros);
    const older = spans.find((span) => isOlder(span) && (span.toMicros === null || span.toMicros > openMicros));
    // Nor of one that has no older version any more in what is not billed yet.
    if (older === undefined) return undefined;
    return { tenant, fromVersion: older.plan.version, refused: error.message, ...staying };
  }
}

function movedEntry(entry: TenantEntry, { addOn, key }: PlanVersion, moved: readonly PlanSpan[]): TenantEntry {
  return addOn === true
    ? { ...entry, addOns: withTimeline(entry.addOns, keyOf, key, moved) }
    : { ...entry, plans: moved };
}

/** What a tenant would hold twice, or would be charged without having ordered it. */
function reasonAgainst(after: TenantEntry, atMicros: EpochMicros, before: TenantEntry): string | undefined {
  const taken = takenKey(after, atMicros);
  if (taken !== undefined) return takenKeySentence(taken);
  const stranded = strandedPrice(before, after.addOns);
  return stranded === undefined ? undefined : strandedPriceSentence(stranded);
}

/** A span of an older version with the new one from an instant on: what was before that stays, and so does whose a price of the tenant's own is. */
function movedFrom(span: PlanSpan, plan: PlanVersion, atMicros: EpochMicros): PlanSpan[] {
  const { fromMicros, toMicros } = span;
  if (fromMicros >= atMicros) return [{ ...span, plan }];
  if (toMicros !== null && toMicros <= atMicros) return [span];
  return [
    { ...span, toMicros: atMicros },
    { ...span, plan, fromMicros: atMicros },
  ];
}

function keyOf({ plan }: PlanSpan): string {
  return plan.key;
}
