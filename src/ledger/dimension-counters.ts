import type { JsonValue } from '../domain/event.ts';
import { formatInstant, type InstantText } from '../domain/instant.ts';
import { type CountedDimension, countedDimensions } from '../domain/limits.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { Limit } from '../domain/plan.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** What one value of a dimension has used in an accounting period that was not billed yet, late usage left out. */
export interface DimensionSum {
  readonly accountingStart: InstantText;
  readonly meter: string;
  readonly aggregation: Aggregation;
  readonly scale: number;
  readonly dimension: { readonly name: string; readonly value: JsonValue };
  /** Whole units, a plain decimal. */
  readonly quantity: string;
}

const READ_LIMITS = `
select coalesce(jsonb_agg(single.value), '[]'::jsonb) as limits
from (
  select tenant.limits as list from tenant where tenant.id = $1::text
  union all
  select plan_version.definition -> 'limits'
  from tenant_item item
  join plan_version on plan_version.key = item.plan_key and plan_version.version = item.plan_version
  where item.tenant = $1::text and item.kind = 'plan'
) lists
cross join lateral jsonb_array_elements(lists.list) single`;

/** The dimensions that limits of any of the tenant's plans, or of its own, are on. */
export async function readCountedDimensions(db: Queryable, tenant: string): Promise<readonly CountedDimension[]> {
  const { rows } = await db.query<{ readonly limits: readonly Limit[] }>(READ_LIMITS, [tenant]);
  return countedDimensions(rows[0]?.limits ?? []);
}

/** An older version of the meter may have had no such dimension: its usage counts as that of events without the property. */
const READ_SUMS = `
select ${microsSql('daily.accounting_period')} as accounting_period, daily.meter, definition.aggregation, definition.scale,
  wanted.dimension, coalesce(daily.dimensions -> wanted.dimension, 'null'::jsonb) as value,
  trim_scale(coalesce(case definition.aggregation when 'max' then max(daily.quantity_max) else sum(daily.quantity_sum) end, 0))::text
    as quantity
from unnest($2::text[], $3::text[]) as wanted (meter, dimension)
join usage_daily daily
  on daily.tenant = $1::text and daily.usage_period = daily.accounting_period and daily.meter = wanted.meter
join lateral (
  select meter.definition ->> 'aggregation' as aggregation, (meter.definition ->> 'scale')::integer as scale
  from meter where meter.key = daily.meter
  order by meter.version desc limit 1
) definition on true
where not exists (
  select from invoice
  where invoice.tenant = $1::text and invoice.kind = 'cycle' and invoice.supply_start = daily.accounting_period
    and invoice.number is not null
)
group by daily.accounting_period, daily.meter, definition.aggregation, definition.scale, wanted.dimension, value
order by daily.accounting_period, daily.meter, wanted.dimension, value`;

interface SumRow {
  readonly accounting_period: string;
  readonly meter: string;
  readonly aggregation: Aggregation;
  readonly scale: number;
  readonly dimension: string;
  readonly value: JsonValue;
  readonly quantity: string;
}

/** Sums the tenant's unbilled usage by each value of the dimensions, from the rollups. */
export async function readDimensionSums(
  db: Queryable,
  tenant: string,
  dimensions: readonly CountedDimension[],
): Promise<readonly DimensionSum[]> {
  if (dimensions.length === 0) return [];
  const meters = dimensions.map(({ meter }) => meter);
  const names = dimensions.map(({ dimension }) => dimension);
  const { rows } = await db.query<SumRow>(READ_SUMS, [tenant, meters, names]);
  return rows.map(({ accounting_period, meter, aggregation, scale, dimension, value, quantity }) => ({
    accountingStart: formatInstant(readMicros(accounting_period)),
    meter,
    aggregation,
    scale,
    dimension: { name: dimension, value },
    quantity,
  }));
}
