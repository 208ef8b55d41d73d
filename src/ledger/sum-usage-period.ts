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
  'usage_daily',
  'tenant = $1::text and usage_period = $2::timestamptz and accounting_period <= $3::timestamptz',
);

const SUM_USAGE_PERIOD = `
select ${microsSql('$2::timestamptz')} as usage_period, usage.meter, ${METER_AGGREGATION} as aggregation, event_count,
  quantity_sum, quantity_max, first_position, final_position, ${LAST_VALUE} as last_value, (
    select count(distinct value_digest)
    from usage_unique
    where tenant = $1::text and usage_period = $2::timestamptz and accounting_period <= $3::timestamptz
      and meter = usage.meter
  ) as unique_count
from (
  select meter, ${ROLLUP_SUMS}
  from usage_daily
  where tenant = $1::text and usage_period = $2::timestamptz and accounting_period <= $3::timestamptz
  group by meter
) usage
order by usage.meter`;

/**
 * What a usage period amounts to with everything that was booked to accounting periods up to and including one. Sealed
 * accounting periods no longer change, so this is what a past bill saw, and what the next one must see.
 */
export async function sumUsagePeriod(
  db: Queryable,
  selection: {
    readonly tenant: string;
    readonly usagePeriod: EpochMicros;
    readonly throughAccountingPeriod: EpochMicros;
  },
): Promise<readonly UsageSum[]> {
  const { rows } = await db.query<UsageSumRow>(SUM_USAGE_PERIOD, [
    selection.tenant,
    formatInstant(selection.usagePeriod),
    formatInstant(selection.throughAccountingPeriod),
  ]);
  return rows.map(usageSum);
}
