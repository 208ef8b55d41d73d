import type { EpochMicros } from '../domain/instant.ts';
import { byteColumn, instantSql, integerColumn } from './columns.ts';
import type { Queryable } from './database.ts';
import type { MeteredRow } from './metered-row.ts';

/** One distinct value of one `unique` meter in one batch. */
export interface UniqueValue {
  readonly tenant: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly meter: string;
  readonly dimensionsJson: string;
  readonly valueDigestHex: string;
  /** The time of its first event. */
  readonly firstAtMicros: EpochMicros;
}

const REMEMBER_UNIQUE_VALUES = `
insert into usage_unique as kept (tenant, usage_period, accounting_period, meter, dimensions, value_digest, first_at)
select tenant, ${instantSql('usage_period')}, ${instantSql('accounting_period')}, meter, dimensions, value_digest,
  ${instantSql('first_at')}
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::jsonb[], $6::bytea[], $7::bigint[])
  as row (tenant, usage_period, accounting_period, meter, dimensions, value_digest, first_at)
on conflict (tenant, usage_period, accounting_period, meter, dimensions, value_digest)
  do update set first_at = excluded.first_at where excluded.first_at < kept.first_at`;

/** Keeps the distinct values that new events brought to `unique` meters, with the time of their first event. */
export async function rememberUniqueValues(client: Queryable, values: readonly UniqueValue[]): Promise<void> {
  if (values.length === 0) return;
  await client.query({
    name: 'remember_unique_values',
    text: REMEMBER_UNIQUE_VALUES,
    values: [
      values.map((value) => value.tenant),
      integerColumn(values.map((value) => value.usagePeriodMicros)),
      integerColumn(values.map((value) => value.accountingPeriodMicros)),
      values.map((value) => value.meter),
      values.map((value) => value.dimensionsJson),
      byteColumn(values.map((value) => value.valueDigestHex)),
      integerColumn(values.map((value) => value.firstAtMicros)),
    ],
  });
}

/** The distinct values that rows brought to `unique` meters. */
export function collectUniqueValues(rows: readonly MeteredRow[]): UniqueValue[] {
  const collector = new UniqueValueCollector();
  for (const row of rows) collector.add(row);
  return collector.values();
}

/** Collects the distinct values of `unique` meters from rows, one by one. */
export class UniqueValueCollector {
  readonly #values = new Map<string, UniqueValue>();

  add({ tenant, usagePeriodMicros, accountingPeriodMicros, occurredAtMicros, contributions }: MeteredRow): void {
    for (const { meter, dimensionsJson, valueDigestHex } of contributions) {
      if (valueDigestHex === null) continue;
      const place = { tenant, usagePeriodMicros, accountingPeriodMicros, meter, valueDigestHex, dimensionsJson };
      const key = `${tenant}/${usagePeriodMicros}/${accountingPeriodMicros}/${meter}/${valueDigestHex}/${dimensionsJson}`;
      const known = this.#values.get(key);
      if (known !== undefined && known.firstAtMicros <= occurredAtMicros) continue;
      this.#values.set(key, { ...place, firstAtMicros: occurredAtMicros });
    }
  }

  /** In one order for all writers (that of the key), each value once with its earliest event. */
  values(): UniqueValue[] {
    return [...this.#values].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, value]) => value);
  }
}
