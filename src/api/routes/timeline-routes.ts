import { z } from 'zod';

import { changePlan, type PlanChangeOrder, planPlanChange, type PlannedPlanChange } from '../../catalog/change-plan.ts';
import {
  changeQuantity,
  planQuantityChange,
  type PlannedQuantityChange,
  type QuantityOrder,
} from '../../catalog/change-quantity.ts';
import { decimal, decimalText, isPlainDecimal } from '../../domain/decimal.ts';
import type { JsonObject } from '../../domain/event.ts';
import { formatInstant } from '../../domain/instant.ts';
import { PLAN_KEY_PATTERN } from '../../domain/plan.ts';
import { requireUnbound } from '../authorize.ts';
import { changeAtField, planVersionField } from '../body-fields.ts';
import { changeTimeline } from '../change-timeline.ts';
import { previewPlanChange } from '../preview-plan-change.ts';
import { previewTimelineChange } from '../preview-timeline-change.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

const DECIMAL_CHARACTERS_MAX = 60;

const PLAN_BODY = REASON_BODY.extend({
  plan: z.string('must name a plan').regex(PLAN_KEY_PATTERN, 'must be the key of a plan'),
  version: planVersionField,
  at: changeAtField.default('period_end'),
});

/** Brings a tenant under another plan version from an instant on, or shows what that would mean. */
async function postPlan(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps, atMicros } = context;
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { plan, version, at, reason = 'by hand' } = checkBody(body, PLAN_BODY);
  const tenant = parameter(context, 'id');
  const named = { planKey: plan, ...(version === undefined ? {} : { planVersion: version }) };
  const order: PlanChangeOrder = { tenant, ...named, at };
  return changeTimeline(context, {
    tenant,
    plan: (snapshot) => planPlanChange(snapshot, order, atMicros),
    make: (client) => changePlan(client, order, atMicros),
    previewOf: (snapshot, foreseen) => previewPlanChange(deps, snapshot, foreseen, atMicros),
    viewOf: planView,
    auditOf: planView,
    action: 'tenant.change_plan',
    reason,
    bodyText: JSON.stringify(body),
  });
}

function planView({
  tenant,
  before,
  after,
  atMicros,
  dropped,
  isUnchanged,
  changedQuantities,
}: PlannedPlanChange): JsonObject {
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
    quantities: [...changedQuantities],
  };
}

const QUANTITY_BODY = REASON_BODY.extend({
  quantity: z
    .string('must be a string of plain digits')
    .max(DECIMAL_CHARACTERS_MAX)
    .refine((text) => isPlainDecimal(text) && !text.startsWith('-'), 'must be a plain decimal that is not negative')
    .transform((text) => decimalText(decimal(text))),
  at: changeAtField.default('now'),
});

/** Changes how many of a fixed quantity a tenant holds from an instant on, or shows what that would mean. */
async function postQuantity(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps, atMicros } = context;
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { quantity, at, reason = 'by hand' } = checkBody(body, QUANTITY_BODY);
  const tenant = parameter(context, 'id');
  const order: QuantityOrder = { tenant, name: parameter(context, 'name'), quantity, at };
  return changeTimeline(context, {
    tenant,
    plan: (snapshot) => planQuantityChange(snapshot, order, atMicros),
    make: (client) => changeQuantity(client, order, atMicros),
    previewOf: (snapshot, { quantities, ...foreseen }) =>
      previewTimelineChange(deps, snapshot, { ...foreseen, changed: { quantities } }, atMicros),
    viewOf: quantityView,
    auditOf: quantityView,
    action: 'tenant.change_quantity',
    reason,
    bodyText: JSON.stringify(body),
  });
}

function quantityView({ tenant, name, before, after, atMicros, isUnchanged }: PlannedQuantityChange): JsonObject {
  return { tenant, name, at: formatInstant(atMicros), from: before, to: after, unchanged: isUnchanged };
}

export const TIMELINE_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/plan', scopes: ADMIN, handle: postPlan },
  { method: 'post', path: '/v1/tenants/:id/quantities/:name', scopes: ADMIN, handle: postQuantity },
];
