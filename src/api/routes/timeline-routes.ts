import { z } from 'zod';

import {
  changePlan,
  type PlanChangeOrder,
  planPlanChange,
  type PlannedPlanChange,
  readChangeAt,
} from '../../catalog/change-plan.ts';
import type { CatalogueSnapshot } from '../../catalog/catalogue-snapshot.ts';
import { ChangeRefusedError } from '../../catalog/change-refused-error.ts';
import { PLAN_KEY_PATTERN } from '../../domain/plan.ts';
import { formatInstant, parseInstant, type EpochMicros } from '../../domain/instant.ts';
import { ApiError } from '../api-error.ts';
import { mutate } from '../mutate.ts';
import { previewPlanChange } from '../preview-plan-change.ts';
import { readJson } from '../read-body.ts';
import { checkBody, flagParameter, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spreadCatalogue } from '../spread-catalogue.ts';
import { visibleTenant } from '../visible-tenant.ts';

const AT = z
  .string('must be now, period_end or an RFC 3339 instant')
  .refine((text) => text === 'now' || text === 'period_end' || parseInstant(text) !== undefined, {
    message: 'must be now, period_end or an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z',
  })
  .transform(readChangeAt);

const PLAN_BODY = REASON_BODY.extend({
  plan: z.string('must name a plan').regex(PLAN_KEY_PATTERN, 'must be the key of a plan'),
  version: z.number('must be a whole number').int('must be a whole number').positive('must be 1 or more').optional(),
  at: AT.default('period_end'),
});

const DRY_RUN_QUERY = z.strictObject({ dryRun: flagParameter.optional() });

/** Brings a tenant under another plan version from an instant on, or shows what that would mean. */
async function postPlan(context: RouteContext): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const { dryRun = false } = readQuery(context, DRY_RUN_QUERY);
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { plan, version, at, reason = 'by hand' } = checkBody(body, PLAN_BODY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const order: PlanChangeOrder = {
    tenant,
    planKey: plan,
    ...(version === undefined ? {} : { planVersion: version }),
    at,
  };
  const snapshot = await deps.catalogue.reload();
  const foreseen = foresee(snapshot, order, atMicros);
  const isRefused = foreseen instanceof ChangeRefusedError;
  const preview = isRefused ? null : await previewPlanChange(deps, snapshot, foreseen, atMicros);
  if (dryRun) {
    if (isRefused) throw refusalOf(foreseen);
    return { status: 200, body: { dryRun, ...view(foreseen), catalogueVersion: snapshot.version, preview } };
  }
  let catalogueVersion: number | undefined;
  const answer = await mutate(context, JSON.stringify(body), async (client) => {
    const changed = await refusing(() => changePlan(client, order, atMicros));
    if (!changed.isUnchanged) ({ catalogueVersion } = changed);
    const told = view(changed);
    return {
      answer: { status: 200, body: { dryRun, ...told, catalogueVersion: changed.catalogueVersion, preview } },
      action: 'tenant.change_plan',
      subject: tenant,
      details: { reason, at: told.at, from: told.from, to: told.to, dropped: told.dropped },
      isWithoutEffect: changed.isUnchanged,
    };
  });
  if (catalogueVersion !== undefined) await spreadCatalogue(deps, catalogueVersion, [deps.billing.poke(tenant)]);
  return answer;
}

function view({ tenant, before, after, atMicros, dropped, isUnchanged }: PlannedPlanChange) {
  return {
    tenant,
    at: formatInstant(atMicros),
    from: before === null ? null : { key: before.key, version: before.version },
    to: { key: after.key, version: after.version },
    unchanged: isUnchanged,
    dropped: dropped.map(({ plan, fromMicros }) => ({
      key: plan.key,
      version: plan.version,
      from: formatInstant(fromMicros),
    })),
  };
}

const STATUS_OF_REFUSAL: Readonly<Record<ChangeRefusedError['refusal'], number>> = {
  unknown_tenant: 404,
  unknown_plan: 404,
  unknown_quantity: 404,
  currency_mismatch: 409,
  before_start: 409,
  tenant_ended: 409,
  period_sealed: 409,
};

/** A refused change may be the repeat of one that was made and whose answer was kept: it is not refused before that was looked for. */
function foresee(
  snapshot: CatalogueSnapshot,
  order: PlanChangeOrder,
  atMicros: EpochMicros,
): PlannedPlanChange | ChangeRefusedError {
  try {
    return planPlanChange(snapshot, order, atMicros);
  } catch (error) {
    if (error instanceof ChangeRefusedError) return error;
    throw error;
  }
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof ChangeRefusedError)) return error;
  return new ApiError({ status: STATUS_OF_REFUSAL[error.refusal], code: error.refusal, message: error.message });
}

export const TIMELINE_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/plan', scopes: ADMIN, handle: postPlan },
];
