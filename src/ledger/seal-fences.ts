import type { EpochMicros } from '../domain/instant.ts';
import { instantSql, integerColumn, microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { type JournalPosition, safeInteger } from './journal-position.ts';

/** How an accounting period was sealed. */
export interface SealFence {
  readonly tenant: string;
  readonly periodMicros: EpochMicros;
  readonly gateVersion: number;
  /** `null` between the seal and the move of the gate in Redis. */
  readonly fence: JournalPosition | null;
  /** Where usage of the period is booked now: the tenant's first period that still takes events; `null` when there is none. */
  readonly openPeriodMicros: EpochMicros | null;
}

interface SealRow {
  readonly tenant: string;
  readonly period_start: string;
  readonly sealed_gate_version: string;
  readonly sealed_epoch: string | null;
  readonly sealed_sequence: string | null;
  readonly open_period: string | null;
}

const READ_SEAL_FENCES = `
select period.tenant, ${microsSql('period.period_start')} as period_start, period.sealed_gate_version, period.sealed_epoch,
  period.sealed_sequence, (
    select ${microsSql('open.period_start')}
    from billing_period open
    where open.tenant = period.tenant and open.sealed_gate_version is null
    order by open.period_start
    limit 1
  ) as open_period
from unnest($1::text[], $2::bigint[]) as asked (tenant, period_start)
join billing_period period
  on period.tenant = asked.tenant and period.period_start = ${instantSql('asked.period_start')}
where period.sealed_gate_version is not null`;

/** Reads which of the given accounting periods are sealed, and how. Periods that take events have no entry in the answer. */
export async function readSealFences(
  client: Queryable,
  periods: readonly { tenant: string; periodMicros: EpochMicros }[],
): Promise<readonly SealFence[]> {
  if (periods.length === 0) return [];
  const { rows } = await client.query<SealRow>({
    name: 'read_seal_fences',
    text: READ_SEAL_FENCES,
    values: [periods.map(({ tenant }) => tenant), integerColumn(periods.map(({ periodMicros }) => periodMicros))],
  });
  return rows.map((row) => ({
    tenant: row.tenant,
    periodMicros: readMicros(row.period_start),
    gateVersion: safeInteger(row.sealed_gate_version),
    fence:
      row.sealed_epoch === null || row.sealed_sequence === null
        ? null
        : { epoch: safeInteger(row.sealed_epoch), sequence: safeInteger(row.sealed_sequence) },
    openPeriodMicros: row.open_period === null ? null : readMicros(row.open_period),
  }));
}
