import { z } from 'zod';

import { formatInstant } from '../../domain/instant.ts';
import { PLAN_KEY_PATTERN } from '../../domain/plan.ts';
import {
  endApplication,
  insertApplication,
  listApplications,
  readApplication,
  requireRoomForCoupon,
} from '../../invoice/coupon-applications.ts';
import { derivedId } from '../../invoice/invoice-digests.ts';
import { InvoiceError } from '../../invoice/invoice-error.ts';
import type { Queryable } from '../../ledger/database.ts';
import { ApiError, badRequest, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { instantField } from '../body-fields.ts';
import { mutate } from '../mutate.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const APPLICATION_ID = /^cpn_[a-z0-9]{26}$/;

const NEW_APPLICATION = z.strictObject({
  coupon: z.string('must be text').regex(PLAN_KEY_PATTERN, 'must be the key of a coupon'),
  from: instantField.optional(),
});

/** Gives a tenant a coupon of the catalogue. */
async function postCoupon(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { coupon: key, from } = checkBody(body, NEW_APPLICATION);
  const snapshot = await context.deps.catalogue.reload();
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const { id: tenant, currency } = entry.tenant;
  const coupon = snapshot.coupons.get(key);
  if (coupon === undefined) {
    throw badRequest('unknown_coupon', `coupon: there is no coupon ${key}: define it in the catalogue`, 'coupon');
  }
  if (coupon.currency !== undefined && coupon.currency !== currency) {
    const message = `coupon ${key} is in ${coupon.currency}, tenant ${tenant} is billed in ${currency}`;
    throw new ApiError({ status: 409, code: 'other_currency', message, path: 'coupon' });
  }
  const now = formatInstant(context.atMicros);
  const application = { tenant, coupon: key, from: from ?? now };
  const id = derivedId('cpn_', [tenant, key, application.from]);
  return mutate(context, JSON.stringify(body), async (client) => {
    const isNew = await insertApplication(client, { ...application, id }, now);
    if (isNew) await requireRoom(client, tenant);
    return {
      answer: { status: isNew ? 201 : 200, body: await readApplication(client, tenant, id) },
      action: 'coupon.give',
      subject: tenant,
      details: { application: id, coupon: key, from: application.from },
      isWithoutEffect: !isNew,
    };
  });
}

async function requireRoom(client: Queryable, tenant: string): Promise<void> {
  try {
    await requireRoomForCoupon(client, tenant);
  } catch (error) {
    if (!(error instanceof InvoiceError)) throw error;
    throw new ApiError({ status: 409, code: error.code, message: error.message });
  }
}

async function getCoupons(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, z.strictObject(pageParameters));
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const limit = limitOf(query);
  const search = { tenant: entry.tenant.id, after: readCursor(query, APPLICATION_ID), limit: limit + 1 };
  const rows = await listApplications(context.deps.pool, search);
  return { status: 200, body: toPage(rows, limit, ({ id }) => id) };
}

/** Ends a tenant's coupon: bills of later periods do not have it. */
async function postEnd(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { reason = 'ended by hand' } = checkBody(body, REASON_BODY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const id = parameter(context, 'application');
  return mutate(context, JSON.stringify(body), async (client) => {
    const known = APPLICATION_ID.test(id) ? await readApplication(client, tenant, id) : undefined;
    if (known === undefined) {
      const message = `tenant ${tenant} was given no coupon ${id}: GET /v1/tenants/${tenant}/coupons lists those that it was`;
      throw notFound('unknown_coupon', message);
    }
    const moved = await endApplication(client, id, formatInstant(context.atMicros));
    return {
      answer: { status: 200, body: await readApplication(client, tenant, id) },
      action: 'coupon.end',
      subject: tenant,
      details: { application: id, coupon: known.coupon.key, reason },
      isWithoutEffect: !moved,
    };
  });
}

/** Coupons of tenants. Those of the catalogue come from its file. */
export const COUPON_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/coupons', scopes: ADMIN, handle: postCoupon },
  { method: 'get', path: '/v1/tenants/:id/coupons', scopes: READ, handle: getCoupons },
  { method: 'post', path: '/v1/tenants/:id/coupons/:application/end', scopes: ADMIN, handle: postEnd },
];
