import { z } from 'zod';

import type { CatalogueSnapshot } from '../../catalog/catalogue-snapshot.ts';
import {
  MIGRATED_PER_PAGE_MAX,
  type MigrationPage,
  type MigrationStep,
  migratePlan,
  type PlanMigration,
  planMigration,
} from '../../catalog/migrate-plan.ts';
import { TENANT_PATTERN } from '../../domain/event.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { PlanVersion } from '../../domain/plan.ts';
import { requireUnbound } from '../authorize.ts';
import { changeAtField } from '../body-fields.ts';
import { refusing } from '../change-refusal.ts';
import { comparePlan } from '../compare-plan.ts';
import { mutate } from '../mutate.ts';
import { readJson } from '../read-body.ts';
import { checkBody, readDryRun } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spreadCatalogue } from '../spread-catalogue.ts';

const MIGRATION_BODY = REASON_BODY.extend({
  version: z.int('must be a whole number').min(1, 'must be 1 or more'),
  at: changeAtField.default('period_end'),
  cursor: z.string().regex(TENANT_PATTERN, 'must be the nextCursor of the answer before').optional(),
  limit: z
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(MIGRATED_PER_PAGE_MAX, `must be at most ${MIGRATED_PER_PAGE_MAX}`)
    .default(MIGRATED_PER_PAGE_MAX),
});

/** Brings a page of the tenants on older versions of a plan under another of its versions, or shows who would pay what. */
async function postMigration(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps, atMicros } = context;
  const dryRun = readDryRun(context);
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { version, at, cursor = null, limit, reason = 'by hand' } = checkBody(body, MIGRATION_BODY);
  const migration: PlanMigration = { planKey: parameter(context, 'key'), toVersion: version, at };
  const page: MigrationPage = { after: cursor, limit };
  if (dryRun) return foresee(context, migration, page);
  let catalogueVersion: number | undefined;
  const answer = await mutate(context, JSON.stringify(body), async (client) => {
    const migrated = await refusing(() => migratePlan(client, migration, atMicros, page));
    const moved = migrated.steps.filter(({ refused }) => refused === null);
    if (moved.length > 0) ({ catalogueVersion } = migrated);
    const data = migrated.steps.map(stepView);
    const quantities = Object.fromEntries(
      moved
        .filter(({ left }) => left.changedQuantities.length > 0)
        .map(({ tenant, left }) => [tenant, [...left.changedQuantities]]),
    );
    const told = { plan: migration.planKey, version, reason, tenants: moved.map(({ tenant }) => tenant), quantities };
    return {
      answer: {
        status: 200,
        body: { dryRun, data, nextCursor: nextCursor(migrated), catalogueVersion: migrated.catalogueVersion },
      },
      action: 'plan.migrate',
      subject: migration.planKey,
      details: told,
      isWithoutEffect: moved.length === 0,
    };
  });
  if (catalogueVersion !== undefined) await spreadCatalogue(deps, catalogueVersion);
  return answer;
}

/** Beside each tenant: what its last period was billed, and what it would have been by the new version. */
async function foresee(context: RouteContext, migration: PlanMigration, page: MigrationPage): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const snapshot = await deps.catalogue.reload();
  const planned = await refusing(() => planMigration(snapshot, migration, atMicros, page));
  const data: unknown[] = [];
  for (const step of planned.steps) {
    data.push({ ...stepView(step), lastPeriod: await comparison(context, snapshot, planned.plan, step) });
  }
  const catalogueVersion = snapshot.version;
  return { status: 200, body: { dryRun: true, data, nextCursor: nextCursor(planned), catalogueVersion } };
}

async function comparison(
  { deps, atMicros }: RouteContext,
  snapshot: CatalogueSnapshot,
  plan: PlanVersion,
  { tenant }: MigrationStep,
): Promise<unknown> {
  const entry = snapshot.tenants.get(tenant);
  if (entry === undefined) return null;
  const rated = { plan, meters: snapshot.meters, isStored: true };
  const { currency, period, billed, wouldBe, difference, problems } = await comparePlan(deps.pool, snapshot, rated, {
    entry,
    period: 'last',
    atMicros,
  });
  return { currency, period, billed, wouldBe, difference, problems };
}

function stepView({ tenant, fromVersion, atMicros, refused, left }: MigrationStep) {
  const at = atMicros === null ? null : formatInstant(atMicros);
  const quantities = left.changedQuantities.length === 0 ? {} : { quantities: left.changedQuantities };
  return { tenant, from: fromVersion, at, refused, ...quantities };
}

function nextCursor({ steps, hasMore }: { readonly steps: readonly MigrationStep[]; readonly hasMore: boolean }) {
  return hasMore ? (steps.at(-1)?.tenant ?? null) : null;
}

export const MIGRATION_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/plans/:key/migrate', scopes: ADMIN, handle: postMigration },
];
