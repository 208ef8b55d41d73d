import { SCALE_MAX, scaledText } from '../domain/quantity.ts';
import { numberArray, textArray } from './binary-array.ts';
import type { Rollup } from './collect-rollups.ts';
import type { Queryable } from './database.ts';
import { daysOfHours } from './days-of-hours.ts';

/**
 * Adds new events to their rollups by hour and by day, in one statement each. Give it only what rows brought that `appendEvents` answered
 * as new: a rollup is the sum of rows and cannot tell one counted twice.
 *
 * @param hours as `RollupCollector` answers them
 */
export async function upsertRollups(client: Queryable, epoch: number, hours: readonly Rollup[]): Promise<void> {
  if (hours.length === 0) return;
  await client.query({ name: 'upsert_hours', text: UPSERT_HOURS, values: [...rollupColumns(hours), epoch] });
  const days = daysOfHours(hours);
  await client.query({ name: 'upsert_days', text: UPSERT_DAYS, values: [...rollupColumns(days), epoch] });
}

/** Whether what is kept came before what is added, by time and, at the same time, by position. */
const IS_LATER = `(kept.last_at is null
    or (excluded.last_at, excluded.last_epoch, excluded.last_sequence) > (kept.last_at, kept.last_epoch, kept.last_sequence))`;
const IS_FIRST = '(excluded.first_epoch, excluded.first_sequence) < (kept.first_epoch, kept.first_sequence)';
const IS_FINAL = '(excluded.final_epoch, excluded.final_sequence) > (kept.final_epoch, kept.final_sequence)';

function excludedWhen(condition: string, columns: readonly string[]): string {
  return columns
    .map((column) => `${column} = case when ${condition} then excluded.${column} else kept.${column} end`)
    .join(',\n  ');
}

const UPSERT_HOURS = upsertSql('usage_hourly', 'hour');
const UPSERT_DAYS = upsertSql('usage_daily', 'day');

/** @param start the column that says when the hour or the day begins */
function upsertSql(table: string, start: string): string {
  return `
insert into ${table} as kept (tenant, usage_period, accounting_period, meter, dimensions, ${start}, event_count, quantity_sum,
  quantity_max, last_value, last_at, last_sequence, last_epoch, first_epoch, first_sequence, final_epoch, final_sequence)
select tenant, usage_period, accounting_period, meter, dimensions, ${start}, event_count, quantity_sum, quantity_max, last_value,
  last_at, last_sequence, case when last_sequence is not null then $15::bigint end, $15::bigint, first_sequence, $15::bigint,
  final_sequence
from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::bigint[],
  $8::numeric[], $9::numeric[], $10::numeric[], $11::timestamptz[], $12::bigint[], $13::bigint[], $14::bigint[])
  as row (tenant, usage_period, accounting_period, meter, dimensions, ${start}, event_count, quantity_sum, quantity_max,
    last_value, last_at, last_sequence, first_sequence, final_sequence)
on conflict (tenant, usage_period, accounting_period, meter, dimensions, ${start}) do update set
  event_count = kept.event_count + excluded.event_count,
  quantity_sum = kept.quantity_sum + excluded.quantity_sum,
  quantity_max = greatest(kept.quantity_max, excluded.quantity_max),
  ${excludedWhen(IS_LATER, ['last_value', 'last_at', 'last_epoch', 'last_sequence'])},
  ${excludedWhen(IS_FIRST, ['first_epoch', 'first_sequence'])},
  ${excludedWhen(IS_FINAL, ['final_epoch', 'final_sequence'])}`;
}

function rollupColumns(rollups: readonly Rollup[]): Buffer[] {
  const texts = (type: 'text' | 'numeric' | 'jsonb', read: (rollup: Rollup) => string | null): Buffer =>
    textArray(type, rollups.map(read));
  const numbers = (type: 'bigint' | 'timestamptz', read: (rollup: Rollup) => number | null): Buffer =>
    numberArray(type, rollups.map(read));
  return [
    texts('text', (rollup) => rollup.tenant),
    numbers('timestamptz', (rollup) => rollup.usagePeriodMicros),
    numbers('timestamptz', (rollup) => rollup.accountingPeriodMicros),
    texts('text', (rollup) => rollup.meter),
    texts('jsonb', (rollup) => rollup.dimensionsJson),
    numbers('timestamptz', (rollup) => rollup.startMicros),
    numbers('bigint', (rollup) => rollup.eventCount),
    texts('numeric', (rollup) => scaledText(rollup.sum, SCALE_MAX)),
    texts('numeric', (rollup) => decimalOrNull(rollup.max)),
    texts('numeric', (rollup) => decimalOrNull(rollup.last?.value)),
    numbers('timestamptz', (rollup) => rollup.last?.atMicros ?? null),
    numbers('bigint', (rollup) => rollup.last?.sequence ?? null),
    numbers('bigint', (rollup) => rollup.firstSequence),
    numbers('bigint', (rollup) => rollup.finalSequence),
  ];
}

function decimalOrNull(value: bigint | null | undefined): string | null {
  return value === null || value === undefined ? null : scaledText(value, SCALE_MAX);
}
