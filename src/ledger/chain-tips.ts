import type { Queryable } from './database.ts';

/**
 * The tip of a shard's hash chain as printed on invoices: `s0 1-250 9f86…`. Whoever keeps an invoice can later show that the
 * ledger's tail was cut.
 */
export async function readChainTip(db: Queryable, shard: number): Promise<string> {
  const { rows } = await db.query<{ tip: string }>(
    `
select 's' || shard || ' ' || epoch || '-' || sequence || ' ' || encode(chain_digest, 'hex') as tip
from journal_position where shard = $1::smallint`,
    [shard],
  );
  return rows[0]?.tip ?? `s${shard} empty`;
}
