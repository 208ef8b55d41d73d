import type { InstantText } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';

/** Totals of a tenant's newest issued cycle invoices before a period, minor units as decimal strings, newest first. */
export async function earlierTotals(
  db: Queryable,
  { tenant, before, limit }: { readonly tenant: string; readonly before: InstantText; readonly limit: number },
): Promise<readonly string[]> {
  const { rows } = await db.query<{ total_minor: string }>(
    `
select total_minor::text as total_minor from invoice
where tenant = $1::text and kind = 'cycle' and number is not null and status <> 'void' and supply_start < $2::timestamptz
order by supply_start desc
limit $3::integer`,
    [tenant, before, limit],
  );
  return rows.map((row) => row.total_minor);
}
