import { z } from 'zod';

import type { CatalogueSnapshot } from '../../catalog/catalogue-snapshot.ts';
import { type AddOnOrder, changeAddOn, planAddOnChange, type PlannedAddOnChange } from '../../catalog/change-add-on.ts';
import { ChangeRefusedError } from '../../catalog/change-refused-error.ts';
import { formatInstant, parseInstant, type EpochMicros } from '../../domain/instant.ts';
import { PLAN_KEY_PATTERN, type PlanVersion } from '../../domain/plan.ts';
import { requireUnbound } from '../authorize.ts';
import { changeRefusal, refusing } from '../change-refusal.ts';
import { mutate } from '../mutate.ts';
import { previewTimelineChange } from '../preview-timeline-change.ts';
import { readJson } from '../read-body.ts';
import { checkBody, flagParameter, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spreadCatalogue } from '../spread-catalogue.ts';
import { visibleTenant } from '../visible-tenant.ts';
import { AT } from './timeline-routes.ts';

/** Where something ends that a tenant is given. */
export const UNTIL = z
  .string('must be an RFC 3339 instant')
  .refine(
    (text) => parseInstant(text) !== undefined,
    'must be an RFC 3339 instant with a zone: write 2026-12-01T00:00:00Z',
  )
  .transform((text): EpochMicros => parseInstant(text) ?? 0)
  .optional();

const ADD_BODY = REASON_BODY.extend({
  addOn: z.string('must name an add-on').regex(PLAN_KEY_PATTERN, 'must be the key of a plan that is an add-on'),
  version: z.number('must be a whole number').int('must be a whole number').positive('must be 1 or more').optional(),
  at: AT.default('now'),
  until: UNTIL,
});

const REMOVE_BODY = REASON_BODY.extend({ at: AT.default('now') });

const DRY_RUN_QUERY = z.strictObject({ dryRun: flagParameter.optional() });

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
  return changeOrForesee(context, order, { body, reason });
}

/** Takes an add-on from a tenant from an instant on, or shows what that would mean. */
async function postEnd(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { at, reason = 'by hand' } = checkBody(body, REMOVE_BODY);
  return changeOrForesee(context, { planKey: parameter(context, 'key'), at, action: 'remove' }, { body, reason });
}

async function changeOrForesee(
  context: RouteContext,
  wanted: Omit<AddOnOrder, 'tenant'>,
  { body, reason }: { readonly body: unknown; readonly reason: string },
): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const { dryRun = false } = readQuery(context, DRY_RUN_QUERY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const order: AddOnOrder = { ...wanted, tenant };
  const snapshot = await deps.catalogue.reload();
  const foreseen = foresee(snapshot, order, atMicros);
  const isRefused = foreseen instanceof ChangeRefusedError;
  if (dryRun && isRefused) throw changeRefusal(foreseen);
  const preview = isRefused
    ? null
    : await previewTimelineChange(deps, snapshot, { ...foreseen, changed: { addOns: foreseen.addOns } }, atMicros);
  if (dryRun && !isRefused) {
    return { status: 200, body: { dryRun, ...view(foreseen), catalogueVersion: snapshot.version, preview } };
  }
  let catalogueVersion: number | undefined;
  const answer = await mutate(context, JSON.stringify(body), async (client) => {
    const changed = await refusing(() => changeAddOn(client, order, atMicros));
    if (!changed.isUnchanged) ({ catalogueVersion } = changed);
    const told = view(changed);
    const { addOn, at, until, from, to } = told;
    return {
      answer: { status: 200, body: { dryRun, ...told, catalogueVersion: changed.catalogueVersion, preview } },
      action: order.action === 'add' ? 'tenant.add_add_on' : 'tenant.remove_add_on',
      subject: tenant,
      details: { reason, addOn, at, until, from, to },
      isWithoutEffect: changed.isUnchanged,
    };
  });
  if (catalogueVersion !== undefined) await spreadCatalogue(deps, catalogueVersion, [deps.billing.poke(tenant)]);
  return answer;
}

function view({ tenant, planKey, before, after, atMicros, untilMicros, isUnchanged }: PlannedAddOnChange) {
  return {
    tenant,
    addOn: planKey,
    at: formatInstant(atMicros),
    until: untilMicros === null ? null : formatInstant(untilMicros),
    from: nameOf(before),
    to: nameOf(after),
    unchanged: isUnchanged,
  };
}

function nameOf(plan: PlanVersion | null) {
  return plan === null ? null : { key: plan.key, version: plan.version };
}

/** A refused change may be the repeat of one that was made and whose answer was kept: it is not refused before that was looked for. */
function foresee(
  snapshot: CatalogueSnapshot,
  order: AddOnOrder,
  atMicros: EpochMicros,
): PlannedAddOnChange | ChangeRefusedError {
  try {
    return planAddOnChange(snapshot, order, atMicros);
  } catch (error) {
    if (error instanceof ChangeRefusedError) return error;
    throw error;
  }
}

/** What tenants hold beside their plan. Add-ons themselves come from the catalogue's file. */
export const ADD_ON_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/add-ons', scopes: ADMIN, handle: postAddOn },
  { method: 'post', path: '/v1/tenants/:id/add-ons/:key/end', scopes: ADMIN, handle: postEnd },
];
