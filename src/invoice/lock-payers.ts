import type { Queryable } from '../ledger/database.ts';

/**
 * Takes the locks that order everyone who draws on what these tenants have, until the caller's transaction ends: ratings that are
 * given credits, charges made once and coupons, and the issuing and voiding of invoices. In order of id, so that two never wait for
 * each other. Everybody takes locks in one order: the cycle, payers, the invoice, the series of its number. What others only read or refer to is not held up.
 */
export async function lockPayers(client: Queryable, tenants: readonly string[]): Promise<void> {
  await client.query('select 1 from tenant where id = any($1::text[]) order by id for no key update', [tenants]);
}
