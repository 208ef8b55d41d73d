import { z } from 'zod';

import { readChangeAt } from '../../catalog/change-instant.ts';
import { changePlan, type PlanChangeOrder, planPlanChange, type PlannedPlanChange } from '../../catalog/change-plan.ts';
import type { CatalogueSnapshot } from '../../catalog/catalogue-snapshot.ts';
import { ChangeRefusedError } from '../../catalog/change-refused-error.ts';
import { changeQuantity } from '../../catalog/change-quantity.ts';
import { isPlainDecimal } from '../../domain/decimal.ts';
import { PLAN_KEY_PATTERN } from '../../domain/plan.ts';
import { formatInstant, parseInstant, requireInstant, type EpochMicros } from '../../domain/instant.ts';
import { requireUnbound } from '../authorize.ts';
import { changeRefusal, refusing } from '../change-refusal.ts';
import { mutate } from '../mutate.ts';
import { previewPlanChange } from '../preview-plan-change.ts';
import { readJson } from '../read-body.ts';
import { checkBody, flagParameter, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spreadCatalogue } from '../spread-catalogue.ts';
import { visibleTenant } from '../visible-tenant.ts';

const DECIMAL_CHARACTERS_MAX = 60;

/** When a change takes effect. */
export const AT = z
  .string('must be now, period_end or an RFC 3339 instant')
  .refine((text) => text === 'now' || text === 'period_end' || parseInstant(text) !== undefined, {
    message: 'must be now, period_end or an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z',
  })
  .transform(readChangeAt);

/** Where something ends that a tenant is given. */
export const UNTIL = z
  .string('must be an RFC 3339 instant')
  .refine((text) => parseInstant(text) !== undefined, {
    message: 'must be an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z',
  })
  .transform(requireInstant)
  .optional();

const PLAN_BODY = REASON_BODY.extend({
  plan: z.string('must name a plan').regex(PLAN_KEY_PATTERN, 'must be the key of a plan'),
  version: z.number('must be a whole number').int('must be a whole number').positive('must be 1 or more').optional(),
  at: AT.default('period_end'),
});

const DRY_RUN_QUERY = z.strictObject({ dryRun: flagParameter.optional() });

/** Brings a tenant under another plan version from an instant on, or shows what that would mean. */
async function postPlan(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
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
    if (isRefused) throw changeRefusal(foreseen);
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

const QUANTITY_BODY = REASON_BODY.extend({
  quantity: z
    .string('must be a string of plain digits')
    .max(DECIMAL_CHARACTERS_MAX)
    .refine((text) => isPlainDecimal(text) && !text.startsWith('-'), 'must be a plain decimal that is not negative'),
  at: AT.default('now'),
});

/** Changes how many of a fixed quantity a tenant holds, from an instant on. */
async function postQuantity(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps, atMicros } = context;
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { quantity, at, reason = 'by hand' } = checkBody(body, QUANTITY_BODY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  let catalogueVersion: number | undefined;
  const answer = await mutate(context, JSON.stringify(body), async (client) => {
    const order = { tenant, name: parameter(context, 'name'), quantity, at };
    const changed = await refusing(() => changeQuantity(client, order, atMicros));
    if (!changed.isUnchanged) ({ catalogueVersion } = changed);
    const { name, before, after, isUnchanged } = changed;
    const told = { tenant, name, at: formatInstant(changed.atMicros), from: before, to: after };
    return {
      answer: {
        status: 200,
        body: { ...told, unchanged: isUnchanged, catalogueVersion: changed.catalogueVersion },
      },
      action: 'tenant.change_quantity',
      subject: tenant,
      details: { reason, ...told },
      isWithoutEffect: isUnchanged,
    };
  });
  if (catalogueVersion !== undefined) await spreadCatalogue(deps, catalogueVersion, [deps.billing.poke(tenant)]);
  return answer;
}

export const TIMELINE_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/plan', scopes: ADMIN, handle: postPlan },
  { method: 'post', path: '/v1/tenants/:id/quantities/:name', scopes: ADMIN, handle: postQuantity },
];
