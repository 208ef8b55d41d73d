import { z } from 'zod';

import { formatInstant, requireInstant } from '../../domain/instant.ts';
import { derivedId } from '../../invoice/invoice-digests.ts';
import { InvoiceError } from '../../invoice/invoice-error.ts';
import { cancelOneOff, insertOneOff, listOneOffs, requireRoomForOneOff } from '../../invoice/one-off-charges.ts';
import type { Queryable } from '../../ledger/database.ts';
import { ApiError, badRequest, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { amountField, instantField, textField } from '../body-fields.ts';
import { mutate } from '../mutate.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const ONE_OFF_ID = /^one_[a-z0-9]{26}$/;
const KEY_FORM = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;

const NEW_ONE_OFF = z.strictObject({
  key: z.string('must be text').regex(KEY_FORM, `must match ${KEY_FORM.source}`),
  description: textField,
  amount: amountField,
  at: instantField.optional(),
});

const CANCEL_QUERY = z.strictObject(REASON_BODY.shape);

/** Charges a tenant once, on its next bill. One charge for one key, however often it is asked for. */
async function postOneOff(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { key, description, amount, at } = checkBody(body, NEW_ONE_OFF);
  await context.deps.catalogue.refresh();
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const { id: tenant, endsAt } = entry.tenant;
  const now = formatInstant(context.atMicros);
  const wanted = { id: derivedId('one_', [tenant, key]), tenant, key, description, amount, at: at ?? now };
  if (endsAt !== null && requireInstant(wanted.at) >= requireInstant(endsAt)) {
    throw badRequest('invalid_body', `at: billing of tenant ${tenant} ends at ${endsAt}: no bill would have it`, 'at');
  }
  return mutate(context, JSON.stringify(body), async (client) => {
    const { charge, isNew } = await insertOneOff(client, wanted, now);
    if (isNew) await requireRoom(client, tenant);
    const isSame = charge.description === description && charge.amount === amount && (at ?? charge.at) === charge.at;
    if (!isSame) {
      const message = `tenant ${tenant} has another charge under the key ${key}: use another key, or ask for the same`;
      throw new ApiError({ status: 409, code: 'one_off_exists', message });
    }
    if (charge.cancelledAt !== null) {
      const message = `the charge ${key} of tenant ${tenant} was cancelled at ${charge.cancelledAt}: use another key`;
      throw new ApiError({ status: 409, code: 'one_off_cancelled', message });
    }
    return {
      answer: { status: isNew ? 201 : 200, body: charge },
      action: 'one_off.charge',
      subject: tenant,
      details: { oneOff: charge.id, key, description, amount, at: charge.at },
      isWithoutEffect: !isNew,
    };
  });
}

async function requireRoom(client: Queryable, tenant: string): Promise<void> {
  try {
    await requireRoomForOneOff(client, tenant);
  } catch (error) {
    if (!(error instanceof InvoiceError)) throw error;
    throw new ApiError({ status: 409, code: error.code, message: error.message });
  }
}

async function getOneOffs(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, z.strictObject(pageParameters));
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const limit = limitOf(query);
  const search = { tenant: entry.tenant.id, after: readCursor(query, ONE_OFF_ID), limit: limit + 1 };
  const rows = await listOneOffs(context.deps.pool, search);
  return { status: 200, body: toPage(rows, limit, ({ id }) => id) };
}

/** Cancels a charge that no invoice has yet. */
async function deleteOneOff(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { reason = 'cancelled by hand' } = readQuery(context, CANCEL_QUERY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const name = parameter(context, 'charge');
  if (!ONE_OFF_ID.test(name) && !KEY_FORM.test(name)) throw unknownCharge(tenant, name);
  return mutate(context, '', async (client) => {
    try {
      const order = { tenant, name, reason, at: formatInstant(context.atMicros) };
      const { charge, isNew } = await cancelOneOff(client, order);
      return {
        answer: { status: 200, body: charge },
        action: 'one_off.cancel',
        subject: tenant,
        details: { oneOff: charge.id, key: charge.key, amount: charge.amount, reason },
        isWithoutEffect: !isNew,
      };
    } catch (error) {
      if (!(error instanceof InvoiceError)) throw error;
      if (error.code !== 'not_found') throw new ApiError({ status: 409, code: error.code, message: error.message });
      throw unknownCharge(tenant, name);
    }
  });
}

function unknownCharge(tenant: string, name: string): ApiError {
  const message = `tenant ${tenant} has no charge ${name}: GET /v1/tenants/${tenant}/one-offs lists those that it has`;
  return notFound('unknown_charge', message);
}

/** Charges that are made once. */
export const ONE_OFF_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/one-offs', scopes: ADMIN, handle: postOneOff },
  { method: 'get', path: '/v1/tenants/:id/one-offs', scopes: READ, handle: getOneOffs },
  { method: 'delete', path: '/v1/tenants/:id/one-offs/:charge', scopes: ADMIN, handle: deleteOneOff },
];
