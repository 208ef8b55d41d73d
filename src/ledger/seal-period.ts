import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { lockGate } from './gate.ts';
import { formatPosition, type JournalPosition } from './journal-position.ts';
import { readPeriod } from './periods.ts';

/** What sealing a period decided: `advanceGate` brings it to Redis. */
export interface Seal {
  readonly gateVersion: number;
  readonly sealedThrough: InstantText;
  readonly sealedThroughMicros: EpochMicros;
}

/** Periods seal in order. Thrown when an earlier one is still open, or when there is no such period. */
export class PeriodOrderError extends Error {
  override readonly name = 'PeriodOrderError';
}

/**
 * Seals a tenant's period: from the new gate version on it takes no more events. Committed here first; Redis follows, and then
 * `recordSealFence`. Idempotent: a sealed period answers what its seal was.
 *
 * @throws PeriodOrderError when the period before it is not sealed yet
 */
export async function sealPeriod(
  client: Queryable,
  { tenant, periodStart }: { tenant: string; periodStart: EpochMicros },
): Promise<Seal> {
  const gate = await lockGate(client, tenant);
  const period = await readPeriod(client, tenant, periodStart);
  if (gate === undefined || period === undefined) {
    throw new PeriodOrderError(`tenant ${tenant} has no period that starts at ${formatInstant(periodStart)}`);
  }
  const seal = { sealedThrough: formatInstant(period.endMicros), sealedThroughMicros: period.endMicros };
  if (period.sealedGateVersion !== null) return { gateVersion: period.sealedGateVersion, ...seal };
  if (gate.sealedThroughMicros !== period.startMicros) {
    throw new PeriodOrderError(
      `tenant ${tenant}: the period of ${formatInstant(periodStart)} cannot be sealed before the one that starts at ` +
        formatInstant(gate.sealedThroughMicros),
    );
  }
  const gateVersion = gate.version + 1;
  await client.query('update gate set version = $2::bigint, sealed_through = $3::timestamptz where tenant = $1::text', [
    tenant,
    gateVersion,
    seal.sealedThrough,
  ]);
  await client.query(
    'update billing_period set sealed_gate_version = $3::bigint where tenant = $1::text and period_start = $2::timestamptz',
    [tenant, formatInstant(periodStart), gateVersion],
  );
  return { gateVersion, ...seal };
}

/**
 * Records the journal position that was read after the gate had moved in Redis: the barrier of the close waits for it, and the
 * drain books what lies above it to the open period. The first fence stays when the step is repeated.
 *
 * @returns the fence that holds
 */
export async function recordSealFence(
  client: Queryable,
  { tenant, periodStart, fence }: { tenant: string; periodStart: EpochMicros; fence: JournalPosition },
): Promise<JournalPosition> {
  await client.query(
    `
update billing_period
set sealed_epoch = $3::bigint, sealed_sequence = $4::bigint
where tenant = $1::text and period_start = $2::timestamptz and sealed_gate_version is not null and sealed_epoch is null`,
    [tenant, formatInstant(periodStart), fence.epoch, fence.sequence],
  );
  const kept = (await readPeriod(client, tenant, periodStart))?.sealFence;
  if (kept === undefined || kept === null) {
    throw new PeriodOrderError(
      `tenant ${tenant}: fence ${formatPosition(fence)} given for ${formatInstant(periodStart)}, which is not sealed`,
    );
  }
  return kept;
}
