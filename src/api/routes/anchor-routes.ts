import { z } from 'zod';

import { changeAnchor } from '../../catalog/change-anchor.ts';
import { type AnchorOrder, planAnchorChange } from '../../catalog/plan-anchor-change.ts';
import { requireInstant } from '../../domain/instant.ts';
import { requireUnbound } from '../authorize.ts';
import { instantField } from '../body-fields.ts';
import { anchorChangeView } from '../calendar-view.ts';
import { refusing } from '../change-refusal.ts';
import { mutate } from '../mutate.ts';
import { readJson } from '../read-body.ts';
import { checkBody, flagParameter, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spreadCatalogue } from '../spread-catalogue.ts';
import { visibleTenant } from '../visible-tenant.ts';

/** Far enough for any bill, and near enough for microseconds to be exact between it and every period that is counted from it. */
const ANCHOR_MIN = requireInstant('2000-01-01T00:00:00Z');
const ANCHOR_MAX = requireInstant('2200-01-01T00:00:00Z');

const ANCHOR_BODY = REASON_BODY.extend({
  anchor: instantField.refine((text) => ANCHOR_MIN <= requireInstant(text) && requireInstant(text) < ANCHOR_MAX, {
    message: 'must be an instant of the years 2000 to 2199',
  }),
  periodLength: z
    .enum(['year', 'month', 'week', 'day', 'hour', 'minute'], 'must be year, month, week, day, hour or minute')
    .optional(),
  from: instantField.optional(),
});

const DRY_RUN_QUERY = z.strictObject({ dryRun: flagParameter.optional() });

/** Changes what a tenant's periods are counted from, from the end of one of them on, or shows what they would be. */
async function postAnchor(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps, atMicros } = context;
  const { dryRun = false } = readQuery(context, DRY_RUN_QUERY);
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { anchor, periodLength, from, reason = 'by hand' } = checkBody(body, ANCHOR_BODY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const order: AnchorOrder = {
    tenant,
    anchor,
    ...(periodLength === undefined ? {} : { length: periodLength }),
    ...(from === undefined ? {} : { from: requireInstant(from) }),
  };
  if (dryRun) {
    const snapshot = await deps.catalogue.reload();
    const foreseen = await refusing(() => planAnchorChange(snapshot, order, atMicros));
    return { status: 200, body: { dryRun, ...anchorChangeView(foreseen), catalogueVersion: snapshot.version } };
  }
  let catalogueVersion: number | undefined;
  const answer = await mutate(context, JSON.stringify(body), async (client) => {
    const changed = await refusing(() => changeAnchor(client, order, atMicros));
    if (!changed.isUnchanged) ({ catalogueVersion } = changed);
    const told = anchorChangeView(changed);
    const { before, after, dropped } = told;
    return {
      answer: { status: 200, body: { dryRun, ...told, catalogueVersion: changed.catalogueVersion } },
      action: 'tenant.change_anchor',
      subject: tenant,
      details: {
        reason,
        from: told.from,
        before: { ...before },
        after: { ...after },
        dropped: dropped.map((one) => ({ ...one })),
      },
      isWithoutEffect: changed.isUnchanged,
    };
  });
  if (catalogueVersion !== undefined)
    await spreadCatalogue(deps, catalogueVersion, [deps.billing.calendarChanged(tenant)]);
  return answer;
}

export const ANCHOR_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/billing-anchor', scopes: ADMIN, handle: postAnchor },
];
