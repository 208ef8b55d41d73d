import type { TollkeeperClient } from '../../client/index.ts';
import type { Usage } from './demo-book.ts';

const HOUR_MS = 3_600_000;

/**
 * What the ledger has for a tenant between two instants, by meter. The ledger keeps hours of the tenant's own zone, so whole hours
 * around the span are read; a tenant of the demo has no other usage.
 */
export async function ledgerUsage(
  client: TollkeeperClient,
  tenant: string,
  fromMs: number,
  toMs: number,
): Promise<Usage> {
  const { data } = await client.getUsage(tenant, {
    from: new Date(fromMs - HOUR_MS).toISOString(),
    to: new Date(toMs + HOUR_MS).toISOString(),
    by: 'hour',
  });
  const totals: Record<string, bigint> = {};
  for (const { meter, quantity } of data) totals[meter] = (totals[meter] ?? 0n) + BigInt(quantity);
  return totals;
}
