import type { InstantText } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { instantExpression } from './invoice-record.ts';
import { CLAIMS_COUNT } from './live-claims.ts';

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

/** A charge that is made once, and where it is billed. */
export interface OneOffState extends OneOffRecord {
  /** The invoice, perhaps still a draft, that has it. */
  readonly invoiceId: string | null;
}

const COLUMNS = `o.id, o.tenant, o.key, o.description, o.amount::text as amount, ${instantExpression('o.at')} as at`;

/** Writes a charge. Answers the one that is there under its key, which may be another one, and whether it is new. */
export async function insertOneOff(
  client: Queryable,
  wanted: OneOffRecord,
  createdAt: InstantText,
): Promise<{ readonly charge: OneOffRecord; readonly isNew: boolean }> {
  const { rowCount } = await client.query(
    `insert into one_off (id, tenant, key, description, amount, at, created_at)
     values ($1::text, $2::text, $3::text, $4::text, $5::numeric, $6::timestamptz, $7::timestamptz)
     on conflict (tenant, key) do nothing`,
    [wanted.id, wanted.tenant, wanted.key, wanted.description, wanted.amount, wanted.at, createdAt],
  );
  const { rows } = await client.query<OneOffRecord>(
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
    `select ${COLUMNS}, (
       select c.invoice from invoice_claim c join invoice i on i.id = c.invoice
       where c.kind = 'one_off' and c.reference = o.id and ${CLAIMS_COUNT}
       order by i.created_at desc limit 1
     ) as "invoiceId"
     from one_off o
     where o.tenant = $1::text
       and ($2::text is null or (o.at, o.id) > (select a.at, a.id from one_off a where a.id = $2::text))
     order by o.at, o.id limit $3::integer`,
    [tenant, after, limit],
  );
  return rows;
}

/** One bill has at most so many of them; the rest is on the next. */
const ONE_OFFS_OF_BILL_MAX = 1_000;

/**
 * Charges that a bill is to have: made before the period ends, and on no other live bill. Lock the tenant first.
 *
 * @param occasion of the bill: what its own earlier ratings claim is free for it
 */
export async function readUnbilledOneOffs(
  db: Queryable,
  {
    tenant,
    periodEnd,
    occasion,
  }: { readonly tenant: string; readonly periodEnd: InstantText; readonly occasion: string },
): Promise<readonly OneOffRecord[]> {
  const { rows } = await db.query<OneOffRecord>(
    `select ${COLUMNS} from one_off o
     where o.tenant = $1::text and o.at < $2::timestamptz and not exists (
       select 1 from invoice_claim c join invoice i on i.id = c.invoice
       where c.kind = 'one_off' and c.reference = o.id and ${CLAIMS_COUNT} and i.occasion <> $3::text
     )
     order by o.at, o.id limit $4::integer`,
    [tenant, periodEnd, occasion, ONE_OFFS_OF_BILL_MAX],
  );
  return rows;
}
