import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { recordIncident } from '../ledger/incidents.ts';
import { comparePositions, formatPosition } from '../ledger/journal-position.ts';
import { readSealFences, type SealFence } from '../ledger/seal-fences.ts';
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
  rows: readonly JournalRow[],
): Promise<readonly JournalRow[]> {
  const seals = await readSealFences(client, accountingPeriods(rows));
  if (seals.length === 0) return rows;
  const sealOf = new Map(seals.map((seal) => [periodKey(seal.tenant, seal.periodMicros), seal]));
  const booked: JournalRow[] = [];
  for (const row of rows) {
    const seal = sealOf.get(periodKey(row.tenant, row.accountingPeriodMicros));
    booked.push(seal !== undefined && isBehindSeal(seal, source.epoch, row) ? rebook(seal, row) : row);
  }
  await reportRebooked(client, source, rows, booked);
  return booked;
}

function accountingPeriods(rows: readonly JournalRow[]): { tenant: string; periodMicros: EpochMicros }[] {
  const periods = new Map<string, { tenant: string; periodMicros: EpochMicros }>();
  let last: JournalRow | undefined;
  for (const row of rows) {
    const { tenant, accountingPeriodMicros } = row;
    // Most rows are in the period of the row before.
    if (last?.accountingPeriodMicros === accountingPeriodMicros && last.tenant === tenant) continue;
    last = row;
    periods.set(periodKey(tenant, accountingPeriodMicros), { tenant, periodMicros: accountingPeriodMicros });
  }
  return [...periods.values()];
}

function periodKey(tenant: string, periodMicros: EpochMicros): string {
  return `${tenant}/${periodMicros}`;
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
