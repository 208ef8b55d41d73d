import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { recordIncident } from '../ledger/incidents.ts';
import { comparePositions, formatPosition } from '../ledger/journal-position.ts';
import { readSealFences, type SealFence } from '../ledger/seal-fences.ts';
import { type GatheredRows, gatherRows, periodKey } from './gather-rows.ts';
import { JournalDataError, type JournalRow } from './journal-entry.ts';

/**
 * Books events whose accounting period was sealed before they were accepted to the tenant's open period. Ingest does this
 * itself when its gate is current; what comes here was accepted under a gate that a loss of Redis had set back, so it is also
 * an incident: the counters booked it elsewhere.
 *
 * @throws JournalDataError when a tenant has no period left that takes events
 */
export async function bookLateUsage(
  client: Queryable,
  source: { shard: number; epoch: number; at: EpochMicros },
  sent: GatheredRows,
): Promise<GatheredRows> {
  const seals = await readSealFences(client, sent.accountingPeriods);
  if (seals.length === 0) return sent;
  const sealOf = new Map(seals.map((seal) => [periodKey(seal), seal]));
  const rows = sent.rows();
  const booked = rows.map((row) => {
    const seal = sealOf.get(periodKey({ tenant: row.tenant, periodMicros: row.accountingPeriodMicros }));
    return seal !== undefined && isBehindSeal(seal, source.epoch, row) ? rebook(seal, row) : row;
  });
  if (booked.every((row, index) => row === rows[index])) return sent;
  await reportRebooked(client, source, rows, booked);
  return gatherRows(source, booked);
}

/** Until the fence is known, the version of the gate that accepted the event tells on which side of the seal it is. */
function isBehindSeal(seal: SealFence, epoch: number, row: JournalRow): boolean {
  if (seal.fence === null) return row.gateVersion >= seal.gateVersion;
  return comparePositions({ epoch, sequence: row.sequence }, seal.fence) > 0;
}

function rebook(seal: SealFence, row: JournalRow): JournalRow {
  if (seal.openPeriodMicros === null) {
    throw new JournalDataError(
      `the period of ${formatInstant(seal.periodMicros)} is sealed and tenant ${seal.tenant} has no open one`,
    );
  }
  return { ...row, accountingPeriodMicros: seal.openPeriodMicros };
}

async function reportRebooked(
  client: Queryable,
  { shard, epoch, at }: { shard: number; epoch: number; at: EpochMicros },
  before: readonly JournalRow[],
  after: readonly JournalRow[],
): Promise<void> {
  for (const [index, row] of after.entries()) {
    const sent = before[index];
    if (sent === undefined || sent.accountingPeriodMicros === row.accountingPeriodMicros) continue;
    await recordIncident(client, {
      kind: 'sealed_period_booking',
      tenant: row.tenant,
      shard,
      at,
      details: {
        position: formatPosition({ epoch, sequence: row.sequence }),
        sealedPeriod: formatInstant(sent.accountingPeriodMicros),
        bookedTo: formatInstant(row.accountingPeriodMicros),
      },
    });
  }
}
