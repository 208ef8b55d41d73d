import { formatInstant } from '../domain/instant.ts';
import { microsSql } from './columns.ts';
import { READ_EVENTS } from './count-back.ts';
import type { Queryable } from './database.ts';
import type { UsageSelection } from './sum-usage.ts';
import { METER_AGGREGATION, type UsageSum, type UsageSumRow, usageSum } from './usage-sum.ts';

/**
 * Events of an accounting period are older than its end and not older than the billing start: the bounds keep the scan to the
 * partitions in between.
 */
const SUM_RAW_USAGE = `
select ${microsSql('usage.usage_period')} as usage_period, usage.meter, ${METER_AGGREGATION} as aggregation, event_count,
  quantity_sum, quantity_max, last_value, unique_count, first_position, final_position
from (
  select usage_period, meter, count(*) as event_count,
    trim_scale(coalesce(sum(number), 0))::text as quantity_sum,
    trim_scale(max(number))::text as quantity_max,
    trim_scale((array_agg(number order by occurred_at desc, epoch desc, sequence desc))[1])::text as last_value,
    count(distinct value) as unique_count,
    (array_agg(epoch || '-' || sequence order by epoch, sequence))[1] as first_position,
    (array_agg(epoch || '-' || sequence order by epoch desc, sequence desc))[1] as final_position
  from (
    select event.usage_period, event.occurred_at, event.epoch, event.sequence, reading.meter, text.value,
      case when kind.aggregation = 'unique' then null else text.value::numeric end as number
    from ${READ_EVENTS} event
    cross join lateral jsonb_each(event.readings) as reading (meter, content)
    cross join lateral (
      select case when jsonb_typeof(reading.content) = 'array' then reading.content ->> 0 else reading.content #>> '{}' end
    ) as text (value)
    left join (
      select distinct on (key) key, definition ->> 'aggregation' as aggregation from meter order by key, version desc
    ) kind on kind.key = reading.meter
    where event.tenant = $1::text and event.accounting_period = $2::timestamptz
      and event.occurred_at >= coalesce((select billing_start from tenant where id = $1::text), '-infinity')
      and event.occurred_at < coalesce((
        select period_end from billing_period where tenant = $1::text and period_start = $2::timestamptz
      ), 'infinity')
  ) value
  group by usage_period, meter
) usage
order by usage.usage_period, usage.meter`;

/**
 * The same as `sumUsage`, from the rows of the events themselves: the second leg of the reconciliation. Its cost grows with the
 * number of events in the partitions it reads (10 M rows: about a second).
 */
export async function sumRawUsage(db: Queryable, selection: UsageSelection): Promise<readonly UsageSum[]> {
  const { rows } = await db.query<UsageSumRow>(SUM_RAW_USAGE, [
    selection.tenant,
    formatInstant(selection.accountingPeriod),
  ]);
  return rows.map(usageSum);
}
