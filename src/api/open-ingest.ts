import type { Client } from '@temporalio/client';

import type { Config } from '../config.ts';
import { createIngestService } from '../ingest/create-ingest-service.ts';
import type { IngestService, LedgerQuestion } from '../ingest/ingest-service.ts';
import { knownIds } from '../ledger/known-ids.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import * as messages from '../../workflows/messages.ts';
import type { ApiDeps } from './api-deps.ts';
import { extendPeriods } from './period-keeper.ts';
import { priceUsage } from './price-usage.ts';
import { ThresholdSignals, type SignalResult } from './threshold-signals.ts';

/** What ingest is joined from: the meter, what the ledger and the catalogue know, and whom to tell of new usage. */
export interface IngestConnections extends Pick<ApiDeps, 'pool' | 'catalogue' | 'keys' | 'clock' | 'log'> {
  readonly meter: UsageMeter;
  readonly unknownTypes: Config['unknownTypes'];
  readonly temporal: Client;
  /** Told of each signal that usage has reached a threshold. */
  readonly onThresholdSignal: (result: SignalResult) => void;
}

/** Ingest with what it asks of other stations, which it may not import itself. */
export function openIngest(connections: IngestConnections): IngestService {
  const { meter, temporal, pool, catalogue, keys, clock, log } = connections;
  const signals = openThresholdSignals(connections);
  return createIngestService({
    meter,
    unknownTypes: connections.unknownTypes,
    catalogue,
    keys,
    clock,
    knownIds: (questions) => answerKnownIds(pool, questions),
    extendPeriods: async (tenant, throughMicros) => {
      const entry = catalogue.current().tenants.get(tenant);
      if (entry === undefined) return;
      await extendPeriods(pool, entry, throughMicros);
      await catalogue.reload();
    },
    onNewUsage: (tenant) => poke(temporal, tenant, log),
    priceUsage,
    onThreshold: (tenant, periodStart) => signals.tell(tenant, periodStart),
  });
}

function nameOfEvent({ tenant, occurredAtMicros, idDigest }: LedgerQuestion): string {
  return `${tenant}/${occurredAtMicros}/${idDigest.toString('hex')}`;
}

/** The ledger answers what it knows; ingest wants an answer to each question, in order. */
async function answerKnownIds(
  pool: ApiDeps['pool'],
  questions: readonly LedgerQuestion[],
): Promise<(Buffer | undefined)[]> {
  const known = new Map((await knownIds(pool, questions)).map((event) => [nameOfEvent(event), event.contentDigest]));
  return questions.map((question) => known.get(nameOfEvent(question)));
}

/** Best effort: a poke that is lost costs the next checkpoint some time, no more. */
function poke(temporal: Client, tenant: string, log: ApiDeps['log']): void {
  const handle = temporal.workflow.getHandle(messages.tenantBillingId(tenant));
  handle.signal(messages.poke).catch((error: unknown) => log.debug({ err: error, tenant }, 'a poke was lost'));
}

const SIGNAL_TIMEOUT_MS = 10_000;

function openThresholdSignals({ temporal, log, onThresholdSignal }: IngestConnections): ThresholdSignals {
  return new ThresholdSignals({
    send: (tenant, periodStart) =>
      temporal.connection.withDeadline(Date.now() + SIGNAL_TIMEOUT_MS, () =>
        temporal.workflow.getHandle(messages.tenantBillingId(tenant)).signal(messages.usageThreshold, { periodStart }),
      ),
    onResult: (result, tenant, error) => {
      onThresholdSignal(result);
      if (result === 'failed') log.debug({ err: error, tenant }, 'a signal did not reach the billing; it is repeated');
      if (result === 'lost') log.warn({ err: error, tenant }, 'a signal was lost; the checkpoint makes up for it');
    },
  });
}
