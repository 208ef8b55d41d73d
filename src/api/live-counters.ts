import type { InstantText } from '../domain/instant.ts';

/**
 * The running counters of one tenant's accounting period in Redis: field → text, as src/meter writes them. `undefined`: there
 * are none that can be believed (a rebuild is due), and the ledger has to answer alone.
 */
export type LiveCounters = (
  tenant: string,
  periodStart: InstantText,
) => Promise<ReadonlyMap<string, string> | undefined>;
