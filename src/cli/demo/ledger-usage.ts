import type { TollkeeperClient } from '../../client/index.ts';
import type { Usage } from './demo-book.ts';

/** What the ledger has for a tenant between two instants, by meter. */
export async function ledgerUsage(
  client: TollkeeperClient,
  tenant: string,
  fromMs: number,
  toMs: number,
): Promise<Usage> {
  const usage = await client.getUsage(tenant, {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    by: 'hour',
  });
  return usage as unknown as Usage;
}
