import { changeAnchor } from '../../catalog/change-anchor.ts';
import { type AnchorOrder, planAnchorChange, type PlannedAnchorChange } from '../../catalog/plan-anchor-change.ts';
import { PERIOD_LENGTH } from '../../catalog/tenant-form.ts';
import type { JsonObject } from '../../domain/event.ts';
import { requireInstant } from '../../domain/instant.ts';
import { requireUnbound } from '../authorize.ts';
import { instantField } from '../body-fields.ts';
import { anchorChangeView } from '../calendar-view.ts';
import { changeTimeline } from '../change-timeline.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

/** Far enough for any bill, and near enough for microseconds to be exact between it and every period that is counted from it. */
const ANCHOR_MIN = requireInstant('2000-01-01T00:00:00Z');
const ANCHOR_MAX = requireInstant('2200-01-01T00:00:00Z');

const ANCHOR_BODY = REASON_BODY.extend({
  anchor: instantField.refine((text) => ANCHOR_MIN <= requireInstant(text) && requireInstant(text) < ANCHOR_MAX, {
    message: 'must be an instant of the years 2000 to 2199',
  }),
  periodLength: PERIOD_LENGTH.optional(),
  from: instantField.optional(),
});

/** Changes what a tenant's periods are counted from, from the end of one of them on, or shows what they would be. */
async function postAnchor(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { atMicros } = context;
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { anchor, periodLength, from, reason = 'by hand' } = checkBody(body, ANCHOR_BODY);
  const tenant = parameter(context, 'id');
  const order: AnchorOrder = {
    tenant,
    anchor,
    ...(periodLength === undefined ? {} : { length: periodLength }),
    ...(from === undefined ? {} : { from: requireInstant(from) }),
  };
  return changeTimeline(context, {
    tenant,
    plan: (snapshot) => planAnchorChange(snapshot, order, atMicros),
    make: (client) => changeAnchor(client, order, atMicros),
    viewOf: anchorChangeView,
    auditOf: auditedChange,
    action: 'tenant.change_anchor',
    reason,
    bodyText: JSON.stringify(body),
    billingHears: 'calendarChanged',
  });
}

/** Without the periods, which follow from it. */
function auditedChange(change: PlannedAnchorChange): JsonObject {
  const { from, before, after, dropped } = anchorChangeView(change);
  return { from, before: { ...before }, after: { ...after }, dropped: dropped.map((one) => ({ ...one })) };
}

export const ANCHOR_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/billing-anchor', scopes: ADMIN, handle: postAnchor },
];
