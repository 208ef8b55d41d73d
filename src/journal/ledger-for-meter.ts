import type pg from 'pg';

import type { EpochMicros } from '../domain/instant.ts';
import { inTransaction } from '../ledger/database.ts';
import { recordIncident } from '../ledger/incidents.ts';
import {
  beginEpoch,
  type JournalIncarnation,
  lastDrained,
  type LedgerPosition,
  readPosition,
} from '../ledger/journal-position.ts';
import { readCatalogueVersion } from '../ledger/read-catalogue-version.ts';
import { readTenantState } from '../ledger/tenant-state.ts';
import type { DrainContext } from './drain-context.ts';
import { drainAll } from './drain-until.ts';

/** Requests wait for it, and none waits longer than 5 s. What is drained stays drained: the next request goes on from there. */
const DRAIN_TIMEOUT_MS = 4_000;

/** What the ledger is reached with. */
export interface LedgerForMeterOptions {
  readonly pool: pg.Pool;
  readonly clock: () => EpochMicros;
  /** How a shard is drained. */
  readonly drainContext: (shard: number) => DrainContext;
}

/**
 * The ledger and the drain as the meter asks for them (`MeterLedger` of src/meter, which this station may not import): whoever
 * builds a meter hands this in.
 */
export function createLedgerForMeter({ pool, clock, drainContext }: LedgerForMeterOptions) {
  return {
    readPosition: async (shard: number) => meterPosition(await readPosition(pool, shard)),
    drainShard: async (shard: number): Promise<void> => {
      await drainAll(drainContext(shard), { timeoutMs: DRAIN_TIMEOUT_MS });
    },
    beginEpoch: async (shard: number, next: { afterEpoch: number; incarnation: JournalIncarnation }) =>
      inTransaction(pool, async (client) => {
        const position = meterPosition(await beginEpoch(client, shard, next));
        return { ...position, catalogueVersion: await readCatalogueVersion(client) };
      }),
    lastDrained: (shard: number, epoch: number): Promise<number> => lastDrained(pool, shard, epoch),
    recordIncident: async (incident: {
      kind: string;
      tenant: string | null;
      shard: number | null;
      details: Readonly<Record<string, string | number>>;
    }): Promise<void> => {
      const { kind, tenant, shard, details } = incident;
      const place = { ...(tenant === null ? {} : { tenant }), ...(shard === null ? {} : { shard }) };
      await recordIncident(pool, { kind, ...place, details, at: clock() });
    },
    readTenantState: (tenant: string) => readTenantState(pool, tenant),
  };
}

function meterPosition({ epoch, sequence, runId, replicationId }: LedgerPosition) {
  return { epoch, sequence, incarnation: { runId, replicationId } };
}
