import type { Config } from '../config.ts';
import { readLedgerSigns } from '../ledger/read-ledger-signs.ts';
import { measureCheck, measureIngest } from '../metrics/ingest-metrics.ts';
import { createMemoryMetrics } from '../metrics/memory-metrics.ts';
import type { ProgramMetrics } from '../metrics/program-metrics.ts';
import { scrape } from '../metrics/scrape.ts';
import { createStoreMetrics } from '../metrics/store-metrics.ts';
import { readJournalStates } from '../meter/read-journal-state.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import type { ApiDeps } from './api-deps.ts';

type Measured = Pick<ApiDeps, 'takeEvents' | 'checkLimits' | 'scrapeMetrics' | 'readJournals' | 'dedupWindowSeconds'>;

/** Puts the instruments around what ingest answers, and reads the stores at each scrape. */
export function openMetrics(
  config: Pick<Config, 'dedupWindowSeconds'>,
  metrics: ProgramMetrics,
  parts: Pick<ApiDeps, 'pool' | 'clock' | 'takeEvents' | 'checkLimits'> & { readonly meter: UsageMeter },
): Measured {
  const { pool, clock, meter } = parts;
  const { registry } = metrics;
  metrics.watchPool(pool);
  createMemoryMetrics(registry, meter.memory);
  const readJournals = () => readJournalStates(meter);
  const sampleStores = createStoreMetrics(registry, { readJournals, readLedger: () => readLedgerSigns(pool), clock });
  return {
    takeEvents: measureIngest(registry, parts.takeEvents),
    checkLimits: measureCheck(registry, parts.checkLimits),
    scrapeMetrics: () => scrape(registry, sampleStores),
    readJournals,
    dedupWindowSeconds: config.dedupWindowSeconds,
  };
}
