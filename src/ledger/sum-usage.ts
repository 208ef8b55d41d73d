import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { microsSql } from './columns.ts';
import type { Queryable } from './database.ts';
import {
  ROLLUP_SUMS,
  lastValueSql,
  METER_AGGREGATION,
  type RollupTable,
  type UsageSum,
  type UsageSumRow,
  usageSum,
} from './usage-sum.ts';

const IS_SUMMED = 'tenant = $1::text and accounting_period = $2::timestamptz';

const sumUsageSql = (table: RollupTable): string => `
select ${microsSql('usage.usage_period')} as usage_period, usage.meter, ${METER_AGGREGATION} as aggregation, event_count,
  quantity_sum, quantity_max, first_position, final_position,
  ${lastValueSql(table, `${IS_SUMMED} and usage_period = usage.usage_period`)} as last_value, (
    select count(distinct value_digest)
    from usage_unique
    where ${IS_SUMMED} and usage_period = usage.usage_period
      and meter = usage.meter
  ) as unique_count
from (
  select usage_period, meter, ${ROLLUP_SUMS}
  from ${table}
  where ${IS_SUMMED} and ($3::timestamptz is null or usage_period = $3::timestamptz)
  group by usage_period, meter
) usage
order by usage.usage_period, usage.meter`;

const SUM_DAYS = sumUsageSql('usage_daily');
const SUM_HOURS = sumUsageSql('usage_hourly');

/** Which usage is summed. */
export interface UsageSelection {
  readonly tenant: string;
  /** Start of the accounting period. */
  readonly accountingPeriod: EpochMicros;
}

/**
 * What an accounting period counts, from the rollups: one entry per usage period (others than its own are late usage) and
 * meter, in that order. Milliseconds, whatever the number of events. Values of all dimensions are taken together.
 *
 * @param selection.usagePeriod sums only this usage period
 */
export function sumUsage(
  db: Queryable,
  selection: UsageSelection & { readonly usagePeriod?: EpochMicros },
): Promise<readonly UsageSum[]> {
  return readSums(db, { name: 'sum_usage', text: SUM_DAYS }, selection);
}

/** The same from the rollups by hour, which parts of periods are read from: a proof, and 24 times the rows. */
export function sumHourlyUsage(db: Queryable, selection: UsageSelection): Promise<readonly UsageSum[]> {
  return readSums(db, { name: 'sum_hourly_usage', text: SUM_HOURS }, selection);
}

async function readSums(
  db: Queryable,
  statement: { readonly name: string; readonly text: string },
  selection: UsageSelection & { readonly usagePeriod?: EpochMicros },
): Promise<readonly UsageSum[]> {
  const { tenant, accountingPeriod, usagePeriod } = selection;
  const { rows } = await db.query<UsageSumRow>({
    ...statement,
    values: [tenant, formatInstant(accountingPeriod), usagePeriod === undefined ? null : formatInstant(usagePeriod)],
  });
  return rows.map(usageSum);
}
