import { z } from 'zod';

import { type AddOnOrder, changeAddOn, planAddOnChange, type PlannedAddOnChange } from '../../catalog/change-add-on.ts';
import type { JsonObject } from '../../domain/event.ts';
import { formatInstant } from '../../domain/instant.ts';
import { PLAN_KEY_PATTERN, type PlanVersion } from '../../domain/plan.ts';
import { requireUnbound } from '../authorize.ts';
import { changeAtField, END_OF_HOLDING_BODY, planVersionField, untilField } from '../body-fields.ts';
import { changeTimeline } from '../change-timeline.ts';
import { previewTimelineChange } from '../preview-timeline-change.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

const ADD_BODY = REASON_BODY.extend({
  addOn: z.string('must name an add-on').regex(PLAN_KEY_PATTERN, 'must be the key of a plan that is an add-on'),
  version: planVersionField,
  at: changeAtField.default('now'),
  until: untilField,
});

/** Gives a tenant an add-on from an instant on, or shows what that would mean. */
async function postAddOn(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { addOn, version, at, until, reason = 'by hand' } = checkBody(body, ADD_BODY);
  const order = {
    planKey: addOn,
    ...(version === undefined ? {} : { planVersion: version }),
    at,
    ...(until === undefined ? {} : { untilMicros: until }),
    action: 'add' as const,
  };
  return changeAddOns(context, order, { reason, bodyText: JSON.stringify(body) });
}

/** Takes an add-on from a tenant from an instant on, or shows what that would mean. */
async function postEnd(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { at, reason = 'by hand' } = checkBody(body, END_OF_HOLDING_BODY);
  const order = { planKey: parameter(context, 'key'), at, action: 'remove' as const };
  return changeAddOns(context, order, { reason, bodyText: JSON.stringify(body) });
}

function changeAddOns(
  context: RouteContext,
  wanted: Omit<AddOnOrder, 'tenant'>,
  said: { readonly reason: string; readonly bodyText: string },
): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const order: AddOnOrder = { ...wanted, tenant: parameter(context, 'id') };
  return changeTimeline(context, {
    ...said,
    tenant: order.tenant,
    plan: (snapshot) => planAddOnChange(snapshot, order, atMicros),
    make: (client) => changeAddOn(client, order, atMicros),
    previewOf: (snapshot, { addOns, quantities, ...foreseen }) =>
      previewTimelineChange(deps, snapshot, { ...foreseen, changed: { addOns, quantities } }, atMicros),
    viewOf,
    auditOf: viewOf,
    action: order.action === 'add' ? 'tenant.add_add_on' : 'tenant.end_add_on',
  });
}

function viewOf({
  tenant,
  planKey,
  before,
  after,
  atMicros,
  untilMicros,
  isUnchanged,
  changedQuantities,
}: PlannedAddOnChange): JsonObject {
  return {
    tenant,
    addOn: planKey,
    at: formatInstant(atMicros),
    until: untilMicros === null ? null : formatInstant(untilMicros),
    from: nameOf(before),
    to: nameOf(after),
    unchanged: isUnchanged,
    quantities: [...changedQuantities],
  };
}

function nameOf(plan: PlanVersion | null): JsonObject | null {
  return plan === null ? null : { key: plan.key, version: plan.version };
}

/** What tenants hold beside their plan. Add-ons themselves come from the catalogue's file. */
export const ADD_ON_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/add-ons', scopes: ADMIN, handle: postAddOn },
  { method: 'post', path: '/v1/tenants/:id/add-ons/:key/end', scopes: ADMIN, handle: postEnd },
];
