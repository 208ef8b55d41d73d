import { z } from 'zod';

import type { InvoiceStatus } from '../../domain/invoice.ts';
import { TENANT_PATTERN } from '../../domain/event.ts';
import { InvoiceError } from '../../invoice/invoice-error.ts';
import type { Invoice } from '../../invoice/invoice-record.ts';
import { invoiceText } from '../../invoice/invoice-text.ts';
import { InvalidCursorError, listInvoices } from '../../invoice/list-invoices.ts';
import { markInvoicePaid } from '../../invoice/mark-paid.ts';
import { readInvoice } from '../../invoice/read-invoice.ts';
import { ApiError, badRequest, notFound } from '../api-error.ts';
import { mutate } from '../mutate.ts';
import { limitOf } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const STATUSES = ['draft', 'held', 'rejected', 'issued', 'overdue', 'paid', 'uncollectible', 'void'] as const;
const NAME_FORM = /^(?:inv_[a-z0-9]{26}|[A-Z]{2,10}-\d{1,18})$/;

const INVOICES_QUERY = z.strictObject({
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).optional(),
  ...pageParameters,
});

async function getInvoices(context: RouteContext): Promise<RouteAnswer> {
  const query = readQuery(context, INVOICES_QUERY);
  const tenant = query.tenant ?? keyOf(context).tenant ?? undefined;
  if (tenant !== undefined) await visibleTenant(context, tenant);
  const status: InvoiceStatus | undefined = query.status;
  try {
    const page = await listInvoices(context.deps.pool, {
      ...(tenant === undefined ? {} : { tenant }),
      ...(status === undefined ? {} : { status }),
      ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      limit: limitOf(query),
    });
    return { status: 200, body: page };
  } catch (error) {
    if (error instanceof InvalidCursorError) throw badRequest('invalid_cursor', error.message, 'cursor');
    throw error;
  }
}

/** An invoice that the key may see, by id or number. @throws ApiError 404 */
async function visibleInvoice(context: RouteContext, db: Parameters<typeof readInvoice>[0]): Promise<Invoice> {
  const name = parameter(context, 'id');
  const invoice = NAME_FORM.test(name) ? await readInvoice(db, name) : undefined;
  const bound = keyOf(context).tenant;
  if (invoice !== undefined && (bound === null || invoice.identity.tenant === bound)) return invoice;
  throw notFound('unknown_invoice', `there is no invoice ${name}: GET /v1/invoices lists those that this key may see`);
}

async function getInvoice(context: RouteContext): Promise<RouteAnswer> {
  const invoice = await visibleInvoice(context, context.deps.pool);
  const wantsText = /^text\/plain\b/i.test(context.request.headers.accept ?? '');
  return { status: 200, body: wantsText ? invoiceText(invoice) : invoice, headers: { vary: 'accept' } };
}

/** Paid outside of Tollkeeper: recorded by hand, with who and why. */
async function markPaid(context: RouteContext): Promise<RouteAnswer> {
  const body = await readJson(context.request, REASON_BYTES_MAX);
  const { reason = 'marked paid by hand' } = checkBody(body, REASON_BODY);
  return mutate(context, JSON.stringify(body), async (client) => {
    const { id, identity } = await visibleInvoice(context, client);
    const actor = keyOf(context).keyId;
    try {
      const payment = { invoiceId: id, identity, actor, reason, at: context.atMicros };
      const { from, moved } = await markInvoicePaid(client, payment);
      return {
        answer: { status: 200, body: await visibleInvoice(context, client) },
        action: 'invoice.mark_paid',
        subject: id,
        details: { from, reason },
        isWithoutEffect: !moved,
      };
    } catch (error) {
      if (!(error instanceof InvoiceError)) throw error;
      throw new ApiError({ status: 409, code: error.code, message: error.message });
    }
  });
}

export const INVOICE_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/invoices', scopes: READ, handle: getInvoices },
  { method: 'get', path: '/v1/invoices/:id', scopes: READ, handle: getInvoice },
  { method: 'post', path: '/v1/invoices/:id/mark-paid', scopes: ADMIN, handle: markPaid },
];
