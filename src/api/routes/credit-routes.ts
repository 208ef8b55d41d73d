import { randomUUID } from 'node:crypto';

import { z } from 'zod';

import { formatInstant, requireInstant } from '../../domain/instant.ts';
import { withdrawCredit } from '../../invoice/credit-entries.ts';
import { insertGrant, listCredits, readCredit, sumCredits } from '../../invoice/credit-grants.ts';
import { derivedId } from '../../invoice/invoice-digests.ts';
import { badRequest, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { amountField, instantField, minorOf, textField } from '../body-fields.ts';
import { mutate } from '../mutate.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const CREDIT_ID = /^crd_[a-z0-9]{26}$/;
/** Far enough apart for every order that somebody may want. */
const PRIORITY_MAX = 1_000;

const NEW_CREDIT = z.strictObject({
  amount: amountField,
  priority: z
    .int('must be a whole number')
    .min(-PRIORITY_MAX, `must be at least -${PRIORITY_MAX}`)
    .max(PRIORITY_MAX, `must be at most ${PRIORITY_MAX}`)
    .default(0),
  expiresAt: instantField.nullable().default(null),
  reason: textField,
});

/** Gives a tenant credit, which pays the invoices that are billed to it. */
async function postCredit(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { amount, priority, expiresAt, reason } = checkBody(body, NEW_CREDIT);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const { id: tenant, currency } = entry.tenant;
  const amountMinor = minorOf(amount, currency, 'amount');
  if (expiresAt !== null && requireInstant(expiresAt) <= context.atMicros) {
    throw badRequest('invalid_body', 'expiresAt: must be in the future', 'expiresAt');
  }
  const grantedAt = formatInstant(context.atMicros);
  return mutate(context, JSON.stringify(body), async (client) => {
    const id = derivedId('crd_', ['granted', randomUUID()]);
    const grant = { id, tenant, amountMinor, currency, priority, expiresAt, reason, grantedAt };
    await insertGrant(client, { ...grant, kind: 'granted', sourceInvoice: null });
    return {
      answer: { status: 201, body: await readCredit(client, tenant, id) },
      action: 'credit.grant',
      subject: tenant,
      details: { credit: id, amountMinor, currency, priority, expiresAt, reason },
    };
  });
}

async function getCredits(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, z.strictObject(pageParameters));
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const limit = limitOf(query);
  const { pool } = context.deps;
  const rows = await listCredits(pool, { tenant, after: readCursor(query, CREDIT_ID), limit: limit + 1 });
  const balances = await sumCredits(pool, { tenant, at: formatInstant(context.atMicros) });
  return { status: 200, body: { ...toPage(rows, limit, ({ id }) => id), balances } };
}

/** Takes back what is left of a credit. */
async function postWithdrawal(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { reason = 'withdrawn by hand' } = checkBody(body, REASON_BODY);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const tenant = entry.tenant.id;
  const id = parameter(context, 'credit');
  return mutate(context, JSON.stringify(body), async (client) => {
    const credit = CREDIT_ID.test(id) ? await readCredit(client, tenant, id) : undefined;
    if (credit === undefined) {
      const message = `tenant ${tenant} has no credit ${id}: GET /v1/tenants/${tenant}/credits lists those that it has`;
      throw notFound('unknown_credit', message);
    }
    const taken = await withdrawCredit(client, { tenant, id, reason, at: formatInstant(context.atMicros) });
    return {
      answer: { status: 200, body: await readCredit(client, tenant, id) },
      action: 'credit.withdraw',
      subject: tenant,
      details: { credit: id, takenMinor: taken, reason },
      isWithoutEffect: taken === '0',
    };
  });
}

/** Credits of tenants. */
export const CREDIT_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/tenants/:id/credits', scopes: ADMIN, handle: postCredit },
  { method: 'get', path: '/v1/tenants/:id/credits', scopes: READ, handle: getCredits },
  { method: 'post', path: '/v1/tenants/:id/credits/:credit/withdraw', scopes: ADMIN, handle: postWithdrawal },
];
