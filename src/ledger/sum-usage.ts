import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { microsSql } from './columns.ts';
import type { Queryable } from './database.ts';
import {
  ROLLUP_SUMS,
  lastValueSql,
  METER_AGGREGATION,
  type UsageSum,
  type UsageSumRow,
  usageSum,
} from './usage-sum.ts';

const LAST_VALUE = lastValueSql(
  'tenant = $1::text and accounting_period = $2::timestamptz and usage_period = usage.usage_period',
);

const SUM_USAGE = `
select ${microsSql('usage.usage_period')} as usage_period, usage.meter, ${METER_AGGREGATION} as aggregation, event_count,
  quantity_sum, quantity_max, first_position, final_position,
  ${LAST_VALUE} as last_value, (
    select count(distinct value_digest)
    from usage_unique
    where tenant = $1::text and accounting_period = $2::timestamptz and usage_period = usage.usage_period
      and meter = usage.meter
  ) as unique_count
from (
  select usage_period, meter, ${ROLLUP_SUMS}
  from usage_daily
  where tenant = $1::text and accounting_period = $2::timestamptz and ($3::timestamptz is null or usage_period = $3::timestamptz)
  group by usage_period, meter
) usage
order by usage.usage_period, usage.meter`;

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
export async function sumUsage(
  db: Queryable,
  selection: UsageSelection & { readonly usagePeriod?: EpochMicros },
): Promise<readonly UsageSum[]> {
  const { tenant, accountingPeriod, usagePeriod } = selection;
  const { rows } = await db.query<UsageSumRow>({
    name: 'sum_usage',
    text: SUM_USAGE,
    values: [tenant, formatInstant(accountingPeriod), usagePeriod === undefined ? null : formatInstant(usagePeriod)],
  });
  return rows.map(usageSum);
}
