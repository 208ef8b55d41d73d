import { SCALE_MAX, scaledText } from '../domain/quantity.ts';
import { collectRollups, type Rollup } from './collect-rollups.ts';
import { instantSql, integerColumn } from './columns.ts';
import type { Queryable } from './database.ts';
import type { MeteredRow } from './metered-row.ts';

/**
 * Adds new events to their hourly rollups in one statement. Give it only rows that `appendEvents` answered as new: a rollup is
 * the sum of rows and cannot tell one counted twice.
 */
export async function upsertRollups(client: Queryable, epoch: number, rows: readonly MeteredRow[]): Promise<void> {
  const rollups = collectRollups(rows);
  if (rollups.length === 0) return;
  await client.query({ name: 'upsert_rollups', text: UPSERT_ROLLUPS, values: [...rollupColumns(rollups), epoch] });
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
