import type { EpochMicros } from '../domain/instant.ts';
import { SCALE_MAX, scaledText } from '../domain/quantity.ts';
import { instantSql, integerColumn } from './columns.ts';
import type { Queryable } from './database.ts';
import { type Contribution, finestScaled, type MeteredRow } from './metered-row.ts';

/** What one batch adds to one row of `usage_hourly`. Quantities are integers of 10^-9 units. */
interface Rollup {
  readonly tenant: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly meter: string;
  readonly dimensionsJson: string;
  readonly hourMicros: EpochMicros;
  eventCount: number;
  sum: bigint;
  /** `null` for `unique`, whose values are no numbers. */
  max: bigint | null;
  last: { value: bigint; atMicros: EpochMicros; sequence: number } | null;
  firstSequence: number;
  finalSequence: number;
}

/**
 * Adds new events to their hourly rollups in one statement. Give it only rows that `appendEvents` answered as new: a rollup is
 * the sum of rows and cannot tell one counted twice.
 */
export async function upsertRollups(client: Queryable, epoch: number, rows: readonly MeteredRow[]): Promise<void> {
  const rollups = collectRollups(rows);
  if (rollups.length === 0) return;
  await client.query({ name: 'upsert_rollups', text: UPSERT_ROLLUPS, values: [...rollupColumns(rollups), epoch] });
}

function collectRollups(rows: readonly MeteredRow[]): Rollup[] {
  const rollups = new Map<string, Rollup>();
  for (const row of rows) {
    const place = `${row.tenant}/${row.usagePeriodMicros}/${row.accountingPeriodMicros}/${row.hourMicros}`;
    for (const contribution of row.contributions) {
      const key = `${place}/${contribution.meter}/${contribution.dimensionsJson}`;
      const rollup = rollups.get(key) ?? emptyRollup(row, contribution);
      rollups.set(key, rollup);
      addContribution(rollup, row, contribution);
    }
  }
  return [...rollups.values()].toSorted(compareRollups);
}

function emptyRollup(row: MeteredRow, contribution: Contribution): Rollup {
  return {
    tenant: row.tenant,
    usagePeriodMicros: row.usagePeriodMicros,
    accountingPeriodMicros: row.accountingPeriodMicros,
    meter: contribution.meter,
    dimensionsJson: contribution.dimensionsJson,
    hourMicros: row.hourMicros,
    eventCount: 0,
    sum: 0n,
    max: null,
    last: null,
    firstSequence: row.sequence,
    finalSequence: row.sequence,
  };
}

function addContribution(rollup: Rollup, row: MeteredRow, contribution: Contribution): void {
  rollup.eventCount += 1;
  rollup.firstSequence = Math.min(rollup.firstSequence, row.sequence);
  rollup.finalSequence = Math.max(rollup.finalSequence, row.sequence);
  if (contribution.valueDigestHex !== null) return;
  const value = finestScaled(contribution);
  rollup.sum += value;
  if (rollup.max === null || value > rollup.max) rollup.max = value;
  const last = rollup.last;
  const isLater =
    last === null ||
    row.occurredAtMicros > last.atMicros ||
    (row.occurredAtMicros === last.atMicros && row.sequence > last.sequence);
  if (isLater) rollup.last = { value, atMicros: row.occurredAtMicros, sequence: row.sequence };
}

/** One order for all writers, so that two of them never wait for each other in a ring. */
function compareRollups(left: Rollup, right: Rollup): number {
  return (
    compareTexts(left.tenant, right.tenant) ||
    left.usagePeriodMicros - right.usagePeriodMicros ||
    left.accountingPeriodMicros - right.accountingPeriodMicros ||
    compareTexts(left.meter, right.meter) ||
    compareTexts(left.dimensionsJson, right.dimensionsJson) ||
    left.hourMicros - right.hourMicros
  );
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const UPSERT_ROLLUPS = `
insert into usage_hourly as kept (tenant, usage_period, accounting_period, meter, dimensions, hour, event_count, quantity_sum,
  quantity_max, last_value, last_at, last_sequence, last_epoch, first_epoch, first_sequence, final_epoch, final_sequence)
select tenant, ${instantSql('usage_period')}, ${instantSql('accounting_period')}, meter, dimensions, ${instantSql('hour')},
  event_count, quantity_sum, quantity_max, last_value, ${instantSql('last_at')}, last_sequence,
  case when last_sequence is not null then $15::bigint end, $15::bigint, first_sequence, $15::bigint, final_sequence
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::jsonb[], $6::bigint[], $7::bigint[], $8::text[]::numeric[],
  $9::text[]::numeric[], $10::text[]::numeric[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[])
  as row (tenant, usage_period, accounting_period, meter, dimensions, hour, event_count, quantity_sum, quantity_max,
    last_value, last_at, last_sequence, first_sequence, final_sequence)
on conflict (tenant, usage_period, accounting_period, meter, dimensions, hour) do update set
  event_count = kept.event_count + excluded.event_count,
  quantity_sum = kept.quantity_sum + excluded.quantity_sum,
  quantity_max = greatest(kept.quantity_max, excluded.quantity_max),
  (last_value, last_at, last_epoch, last_sequence) = (
    select latest.last_value, latest.last_at, latest.last_epoch, latest.last_sequence
    from (values (kept.last_value, kept.last_at, kept.last_epoch, kept.last_sequence),
      (excluded.last_value, excluded.last_at, excluded.last_epoch, excluded.last_sequence))
      as latest (last_value, last_at, last_epoch, last_sequence)
    order by latest.last_at desc nulls last, latest.last_epoch desc, latest.last_sequence desc
    limit 1
  ),
  (first_epoch, first_sequence) = (
    select first.epoch, first.sequence
    from (values (kept.first_epoch, kept.first_sequence), (excluded.first_epoch, excluded.first_sequence))
      as first (epoch, sequence)
    order by first.epoch, first.sequence
    limit 1
  ),
  (final_epoch, final_sequence) = (
    select final.epoch, final.sequence
    from (values (kept.final_epoch, kept.final_sequence), (excluded.final_epoch, excluded.final_sequence))
      as final (epoch, sequence)
    order by final.epoch desc, final.sequence desc
    limit 1
  )`;

function rollupColumns(rollups: readonly Rollup[]): unknown[] {
  return [
    rollups.map((rollup) => rollup.tenant),
    integerColumn(rollups.map((rollup) => rollup.usagePeriodMicros)),
    integerColumn(rollups.map((rollup) => rollup.accountingPeriodMicros)),
    rollups.map((rollup) => rollup.meter),
    rollups.map((rollup) => rollup.dimensionsJson),
    integerColumn(rollups.map((rollup) => rollup.hourMicros)),
    integerColumn(rollups.map((rollup) => rollup.eventCount)),
    rollups.map((rollup) => scaledText(rollup.sum, SCALE_MAX)),
    rollups.map((rollup) => decimalOrNull(rollup.max)),
    rollups.map((rollup) => decimalOrNull(rollup.last?.value)),
    rollups.map((rollup) => rollup.last?.atMicros ?? null),
    rollups.map((rollup) => rollup.last?.sequence ?? null),
    integerColumn(rollups.map((rollup) => rollup.firstSequence)),
    integerColumn(rollups.map((rollup) => rollup.finalSequence)),
  ];
}

function decimalOrNull(value: bigint | null | undefined): string | null {
  return value === null || value === undefined ? null : scaledText(value, SCALE_MAX);
}
