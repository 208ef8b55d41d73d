import type { InstantText } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { InvoiceError } from './invoice-error.ts';
import { instantExpression } from './invoice-record.ts';
import { CLAIMS_COUNT } from './live-claims.ts';
import { lockPayers } from './lock-payers.ts';

/** A charge that is made once. */
export interface OneOffRecord {
  /** `one_…` */
  readonly id: string;
  readonly tenant: string;
  /** The caller's own: one charge for one key. */
  readonly key: string;
  readonly description: string;
  /** Major units, a plain decimal. */
  readonly amount: string;
  /** On the first bill of a period that ends after it. */
  readonly at: InstantText;
}

/** A charge as it stands. */
export interface StoredOneOff extends OneOffRecord {
  /** Since when no bill is to have it any more; `null`: it stands. */
  readonly cancelledAt: InstantText | null;
}

/** A charge that is made once, and where it is billed. */
export interface OneOffState extends StoredOneOff {
  /** The invoice, perhaps still a draft, that has it. */
  readonly invoiceId: string | null;
}

const COLUMNS = `o.id, o.tenant, o.key, o.description, o.amount::text as amount, ${instantExpression('o.at')} as at,
  (select ${instantExpression('x.at')} from one_off_cancellation x where x.one_off = o.id) as "cancelledAt"`;

/** The invoice, perhaps still a draft, that has a charge `o`. */
const INVOICE_ID = `(
  select c.invoice from invoice_claim c join invoice i on i.id = c.invoice
  where c.kind = 'one_off' and c.reference = o.id and ${CLAIMS_COUNT}
  order by i.created_at desc limit 1
) as "invoiceId"`;

/** Writes a charge. Answers the one that is there under its key, which may be another one, and whether it is new. */
export async function insertOneOff(
  client: Queryable,
  wanted: OneOffRecord,
  createdAt: InstantText,
): Promise<{ readonly charge: StoredOneOff; readonly isNew: boolean }> {
  const { rowCount } = await client.query(
    `insert into one_off (id, tenant, key, description, amount, at, created_at)
     values ($1::text, $2::text, $3::text, $4::text, $5::numeric, $6::timestamptz, $7::timestamptz)
     on conflict (tenant, key) do nothing`,
    [wanted.id, wanted.tenant, wanted.key, wanted.description, wanted.amount, wanted.at, createdAt],
  );
  const { rows } = await client.query<StoredOneOff>(
    `select ${COLUMNS} from one_off o where o.tenant = $1::text and o.key = $2::text`,
    [wanted.tenant, wanted.key],
  );
  const [charge] = rows;
  if (charge === undefined) {
    throw new Error(`the one-off charge ${wanted.key} of ${wanted.tenant} was written and is not there`);
  }
  return { charge, isNew: rowCount === 1 };
}

/** A page of a tenant's charges, in order of time. @param after the last id of the page before */
export async function listOneOffs(
  db: Queryable,
  { tenant, after, limit }: { readonly tenant: string; readonly after: string | null; readonly limit: number },
): Promise<readonly OneOffState[]> {
  const { rows } = await db.query<OneOffState>(
    `select ${COLUMNS}, ${INVOICE_ID}
     from one_off o
     where o.tenant = $1::text
       and ($2::text is null or (o.at, o.id) > (select a.at, a.id from one_off a where a.id = $2::text))
     order by o.at, o.id limit $3::integer`,
    [tenant, after, limit],
  );
  return rows;
}

/**
 * Cancels a charge, so that no bill has it any more; a repeat changes nothing. Throws `InvoiceError` `not_found`, or `already_billed`
 * where a live invoice has it, a draft too.
 *
 * @param name its id, or the caller's key
 */
export async function cancelOneOff(
  client: Queryable,
  order: { readonly tenant: string; readonly name: string; readonly reason: string; readonly at: InstantText },
): Promise<{ readonly charge: OneOffState; readonly isNew: boolean }> {
  const { tenant, name, reason, at } = order;
  // A rating that has the lock is about to claim it.
  await lockPayers(client, [tenant]);
  const known = await readOneOff(client, tenant, name);
  if (known === undefined) throw new InvoiceError('not_found', `tenant ${tenant} has no charge ${name}`);
  if (known.cancelledAt !== null) return { charge: known, isNew: false };
  if (known.invoiceId !== null) {
    const message = `invoice ${known.invoiceId} has the charge ${known.key} of ${tenant}: give credit, or reject the invoice where it is held`;
    throw new InvoiceError('already_billed', message);
  }
  await client.query(
    'insert into one_off_cancellation (one_off, reason, at) values ($1::text, $2::text, $3::timestamptz)',
    [known.id, reason, at],
  );
  return { charge: { ...known, cancelledAt: at }, isNew: true };
}

/** Ids have a character that keys must not have. */
async function readOneOff(db: Queryable, tenant: string, name: string): Promise<OneOffState | undefined> {
  const { rows } = await db.query<OneOffState>(
    `select ${COLUMNS}, ${INVOICE_ID} from one_off o where o.tenant = $1::text and (o.id = $2::text or o.key = $2::text)`,
    [tenant, name],
  );
  return rows[0];
}

/**
 * One bill has at most so many of them: with its other lines an invoice of a size that is still made and read whole. A tenant may have no
 * more that are on no issued bill, so that all of them fit.
 */
export const ONE_OFFS_OF_BILL_MAX = 10_000;

const EVER_MADE = 'select from one_off o where o.tenant = $1::text';

/** What a draft or a held invoice has is free again when that is rejected. */
const UNBILLED = `${EVER_MADE}
  and not exists (select from one_off_cancellation x where x.one_off = o.id)
  and not exists (
    select from invoice_claim c join invoice i on i.id = c.invoice
    where c.kind = 'one_off' and c.reference = o.id and ${CLAIMS_COUNT} and i.issued_at is not null
  )`;

/** How many rows a query has, looking at no more than `limit`. */
async function countAtMost(db: Queryable, query: string, tenant: string, limit: number): Promise<number> {
  const text = `select count(*)::integer as found from (${query} limit $2::integer) as counted`;
  const { rows } = await db.query<{ found: number }>(text, [tenant, limit]);
  return rows[0]?.found ?? 0;
}

/**
 * Refuses a charge that was just written where no bill could have it. Locks the tenant, as a rating does: what is counted stays true until
 * the caller's transaction ends. Throws `InvoiceError` `too_many_charges` or `tenant_ended`.
 */
export async function requireRoomForOneOff(
  client: Queryable,
  tenant: string,
  max = ONE_OFFS_OF_BILL_MAX,
): Promise<void> {
  await lockPayers(client, [tenant]);
  if (await isLastPeriodSealed(client, tenant)) {
    throw new InvoiceError(
      'tenant_ended',
      `the last period of tenant ${tenant} is sealed: no bill would have the charge`,
    );
  }
  // Nearly nobody ever had so many; only for those are claims looked at, under a lock that ratings wait for.
  if ((await countAtMost(client, EVER_MADE, tenant, max + 1)) <= max) return;
  if ((await countAtMost(client, UNBILLED, tenant, max + 1)) <= max) return;
  const cure =
    'wait for its next invoice, cancel some with `tollkeeper cancel-charge`, or make one charge of their sum';
  throw new InvoiceError(
    'too_many_charges',
    `tenant ${tenant} has ${max} charges that are on no issued invoice: ${cure}`,
  );
}

async function isLastPeriodSealed(db: Queryable, tenant: string): Promise<boolean> {
  const { rows } = await db.query(
    'select from tenant t join gate g on g.tenant = t.id where t.id = $1::text and g.sealed_through >= t.ends_at',
    [tenant],
  );
  return rows.length > 0;
}

/**
 * Charges that a bill is to have: made before the period ends, and on no other live bill. What is more than a bill can have is on the next
 * one; where none follows, because the tenant's billing ends with the period, that is a problem: nobody would ever be asked to pay it.
 * Lock the tenant first.
 *
 * @param occasion of the bill: what its own earlier ratings claim is free for it
 */
export async function readUnbilledOneOffs(
  db: Queryable,
  { tenant, periodEnd, occasion }: OneOffsOfBill,
  max = ONE_OFFS_OF_BILL_MAX,
): Promise<{ readonly oneOffs: readonly OneOffRecord[] } | { readonly problem: string }> {
  const { rows } = await db.query<OneOffRecord & { readonly isLast: boolean }>({
    name: 'read_unbilled_one_offs',
    text: `select ${COLUMNS}, coalesce(t.ends_at <= $2::timestamptz, false) as "isLast"
     from one_off o join tenant t on t.id = o.tenant
     where o.tenant = $1::text and o.at < $2::timestamptz
     and not exists (select 1 from one_off_cancellation x where x.one_off = o.id)
     and not exists (
       select 1 from invoice_claim c join invoice i on i.id = c.invoice
       where c.kind = 'one_off' and c.reference = o.id and ${CLAIMS_COUNT} and i.occasion <> $3::text
     )
     order by o.at, o.id limit $4::integer`,
    values: [tenant, periodEnd, occasion, max + 1],
  });
  if (rows.length > max && rows.some(({ isLast }) => isLast)) {
    const what = `tenant ${tenant} has more than ${max} charges made once on its last bill, and no bill follows`;
    return { problem: `${what}: cancel some with \`tollkeeper cancel-charge\`, and charge their sum` };
  }
  return { oneOffs: rows.slice(0, max) };
}

/** Which bill is to have them. */
interface OneOffsOfBill {
  readonly tenant: string;
  readonly periodEnd: InstantText;
  readonly occasion: string;
}
