import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { formatInstant } from '../domain/instant.ts';
import type { JsonValue } from '../domain/event.ts';
import type { CountedDimension } from '../domain/limits.ts';
import type { Aggregation } from '../domain/meter.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';
import { type DimensionSum, readCountedDimensions, readDimensionSums } from './dimension-counters.ts';
import { safeInteger } from './journal-position.ts';

/** One running counter as the ledger sums it: what a rebuild installs in Redis. */
export interface LedgerCounter {
  readonly meter: string;
  readonly usageStart: InstantText;
  readonly aggregation: Aggregation;
  /** The scaled integer as text: total for count and sum, else the maximum or latest value; `"0"` for unique. */
  readonly scaledValue: string;
  readonly eventCount: string;
  readonly lastAtMicros?: EpochMicros;
  readonly lastSequence?: string;
  /** For what a limit counts beside the meter's own counter: the value of a dimension that it is the usage of. */
  readonly dimension?: { readonly name: string; readonly value: JsonValue };
}

/** A tenant's gate and the counters of its accounting periods that were not billed yet. */
export interface TenantLedgerState {
  readonly gate: { readonly version: number; readonly sealedThroughMicros: EpochMicros };
  readonly periods: readonly { readonly accountingStart: InstantText; readonly counters: readonly LedgerCounter[] }[];
  /** The dimensions by whose values there are counters. */
  readonly countedDimensions: readonly CountedDimension[];
}

interface StateRow {
  readonly version: string;
  readonly sealed_through: string;
  readonly accounting_period: string | null;
  readonly usage_period: string;
  readonly meter: string;
  readonly aggregation: Aggregation;
  readonly scale: number;
  readonly event_count: string;
  readonly quantity: string;
  readonly last_at: string | null;
  readonly last_sequence: string | null;
}

/** One statement, so that the gate and the sums belong together. Billed periods need no counters any more. */
const READ_STATE = `
select gate.version, ${microsSql('gate.sealed_through')} as sealed_through, usage.*
from gate
left join lateral (
  select ${microsSql('daily.accounting_period')} as accounting_period, ${microsSql('daily.usage_period')} as usage_period,
    daily.meter, definition.aggregation, definition.scale,
    sum(daily.event_count)::text as event_count,
    case definition.aggregation
      when 'max' then max(daily.quantity_max)
      when 'latest' then (array_agg(daily.last_value order by daily.last_at desc nulls last, daily.last_epoch desc,
        daily.last_sequence desc))[1]
      when 'unique' then 0
      else sum(daily.quantity_sum)
    end::text as quantity,
    ${microsSql('max(daily.last_at)')} as last_at,
    ((array_agg(daily.last_sequence order by daily.last_at desc nulls last, daily.last_epoch desc,
      daily.last_sequence desc))[1])::text as last_sequence
  from usage_daily daily
  join lateral (
    select meter.definition ->> 'aggregation' as aggregation, (meter.definition ->> 'scale')::integer as scale
    from meter where meter.key = daily.meter
    order by meter.version desc limit 1
  ) definition on true
  where daily.tenant = gate.tenant and not exists (
    select from invoice
    where invoice.tenant = gate.tenant and invoice.kind = 'cycle' and invoice.supply_start = daily.accounting_period
      and invoice.number is not null
  )
  group by daily.accounting_period, daily.usage_period, daily.meter, definition.aggregation, definition.scale
) usage on true
where gate.tenant = $1::text
order by usage.accounting_period, usage.usage_period, usage.meter`;

/**
 * Reads what a rebuild of a tenant's counters installs; `undefined` for a tenant without a gate. The gate and the sums are of one
 * moment. Which dimensions count is read before: what is counted by others by then is rebuilt again.
 */
export async function readTenantState(db: Queryable, tenant: string): Promise<TenantLedgerState | undefined> {
  const dimensions = await readCountedDimensions(db, tenant);
  const { rows } = await db.query<StateRow>(READ_STATE, [tenant]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const used = rows.filter((row) => row.accounting_period !== null);
  const periods = Map.groupBy(used, (row) => row.accounting_period ?? '');
  // Nothing is accepted for the tenant and its shard was drained, so that these sums are of the same usage.
  const byValue = Map.groupBy(
    await readDimensionSums(db, tenant, dimensions),
    ({ accountingStart }) => accountingStart,
  );
  return {
    gate: { version: safeInteger(first.version), sealedThroughMicros: readMicros(first.sealed_through) },
    periods: [...periods].map(([accounting, counters]) => {
      const accountingStart = formatInstant(readMicros(accounting));
      const sums = byValue.get(accountingStart) ?? [];
      return { accountingStart, counters: [...counters.map(ledgerCounter), ...sums.map(dimensionCounter)] };
    }),
    countedDimensions: dimensions,
  };
}

function ledgerCounter(row: StateRow): LedgerCounter {
  return {
    meter: row.meter,
    usageStart: formatInstant(readMicros(row.usage_period)),
    aggregation: row.aggregation,
    scaledValue: scaledInteger(row),
    eventCount: row.event_count,
    ...(row.last_at === null ? {} : { lastAtMicros: readMicros(row.last_at) }),
    ...(row.last_sequence === null ? {} : { lastSequence: row.last_sequence }),
  };
}

function dimensionCounter(sum: DimensionSum): LedgerCounter {
  const { accountingStart, meter, aggregation, dimension } = sum;
  return {
    meter,
    usageStart: accountingStart,
    aggregation,
    dimension,
    scaledValue: scaledInteger(sum),
    eventCount: '0',
  };
}

const PLAIN_DECIMAL = /^(\d+)(?:\.(\d+))?$/;

/** Totals may be past 2^53, where single quantities end: Redis adds 64-bit integers, so only text holds them here. */
function scaledInteger({ meter, quantity, scale }: Pick<StateRow, 'meter' | 'quantity' | 'scale'>): string {
  const [, whole = '', fraction = ''] = PLAIN_DECIMAL.exec(quantity) ?? [];
  if (whole === '' || /[1-9]/.test(fraction.slice(scale))) {
    throw new RangeError(`the usage of meter ${meter} does not fit a counter of scale ${scale}: ${quantity}`);
  }
  return BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0')).toString();
}
