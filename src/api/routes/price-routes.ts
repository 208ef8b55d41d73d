import { z } from 'zod';

import { changePrice, planPriceChange, type PlannedPriceChange, type PriceOrder } from '../../catalog/change-price.ts';
import { chargeText } from '../../catalog/charge-text.ts';
import { parseCharge } from '../../catalog/parse-charge.ts';
import { readYaml, type YamlValue } from '../../catalog/yaml-source.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { JsonObject } from '../../domain/event.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Charge } from '../../domain/plan.ts';
import { parseJson } from '../../domain/parse-json.ts';
import { checkPlan } from '../../rating/check-plan.ts';
import { ApiError, badRequest } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { changeAtField, END_OF_HOLDING_BODY, untilField } from '../body-fields.ts';
import { changeTimeline } from '../change-timeline.ts';
import { previewTimelineChange } from '../preview-timeline-change.ts';
import { readJson, readText } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

/** A matrix of a thousand cells, and some. */
const PRICE_BYTES_MAX = 262_144;

const PRICE_BODY = REASON_BODY.extend({
  charge: z.custom<YamlValue>((value) => value !== undefined, 'is required: a charge as plans have them, or its YAML'),
  at: changeAtField.default('now'),
  until: untilField,
});

/** Gives a tenant a price of its own from an instant on, or shows what that would mean. Numbers are read as they are spelled. */
async function postPrice(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const bodyText = await readText(context.request, PRICE_BYTES_MAX);
  const source = readYaml(bodyText);
  if ('problems' in source) {
    throw badRequest('body_unreadable', `the body ${source.problems[0]?.message ?? 'is not JSON'}`);
  }
  const { charge: given, at, until, reason = 'by hand' } = checkBody(source.value, PRICE_BODY);
  const charge = requireCharge(given);
  const order = { key: charge.key, charge, at, ...(until === undefined ? {} : { untilMicros: until }) };
  return changePrices(context, order, { reason, bodyText });
}

/** Ends a price of a tenant's own from an instant on: the plan's holds again. */
async function postEnd(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { at, reason = 'by hand' } = checkBody(body, END_OF_HOLDING_BODY);
  const order = { key: parameter(context, 'charge'), charge: null, at };
  return changePrices(context, order, { reason, bodyText: JSON.stringify(body) });
}

function requireCharge(given: YamlValue): Charge {
  const charge = parseCharge(given);
  if (!('problems' in charge)) return charge;
  const [first] = charge.problems;
  const path = first === undefined || first.path === '' ? 'charge' : `charge.${first.path}`;
  const message = `${path}: ${first?.message ?? 'cannot be read'}`;
  throw new ApiError({
    status: 422,
    code: 'invalid_charge',
    message,
    path,
    members: { problems: charge.problems },
  });
}

function changePrices(
  context: RouteContext,
  wanted: Omit<PriceOrder, 'tenant'>,
  said: { readonly reason: string; readonly bodyText: string },
): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const { charge } = wanted;
  const order: PriceOrder = { ...wanted, tenant: parameter(context, 'id') };
  return changeTimeline(context, {
    ...said,
    tenant: order.tenant,
    plan: (snapshot) => planPriceChange(snapshot, order, atMicros, checkPlan),
    make: (client) => changePrice(client, order, atMicros, checkPlan),
    previewOf: (snapshot, { prices, ...foreseen }) =>
      previewTimelineChange(deps, snapshot, { ...foreseen, changed: { prices } }, atMicros),
    viewOf,
    // Words leave out what is long, and a later price takes its place: what was agreed is told here for ever.
    auditOf: (change) => ({ ...viewOf(change), ...(charge === null ? {} : { definition: jsonOf(charge) }) }),
    action: charge === null ? 'tenant.end_price' : 'tenant.set_price',
  });
}

function jsonOf(charge: Charge): JsonObject {
  return parseJson(canonicalJson(charge)) as JsonObject;
}

/** Prices in words: the charges themselves are with the tenant. */
function viewOf(change: PlannedPriceChange): JsonObject {
  const { tenant, key, plan, before, after, atMicros, untilMicros, isUnchanged } = change;
  return {
    tenant,
    charge: key,
    plan,
    at: formatInstant(atMicros),
    until: untilMicros === null ? null : formatInstant(untilMicros),
    from: before === null ? null : chargeText(before),
    to: after === null ? null : chargeText(after),
    unchanged: isUnchanged,
  };
}

/** Prices of tenants' own. Those of plans come from the catalogue's file. */
export const PRICE_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/prices', scopes: ADMIN, handle: postPrice },
  { method: 'post', path: '/v1/tenants/:id/prices/:charge/end', scopes: ADMIN, handle: postEnd },
];
