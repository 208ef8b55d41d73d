import { byteColumn, instantSql, integerColumn } from './columns.ts';
import type { Queryable } from './database.ts';
import type { MeteredRow } from './metered-row.ts';

/** One distinct value of one `unique` meter in one batch. */
interface UniqueValue {
  readonly row: MeteredRow;
  readonly meter: string;
  readonly dimensionsJson: string;
  readonly valueDigestHex: string;
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
export async function rememberUniqueValues(client: Queryable, rows: readonly MeteredRow[]): Promise<void> {
  const values = collectUniqueValues(rows);
  if (values.length === 0) return;
  await client.query({
    name: 'remember_unique_values',
    text: REMEMBER_UNIQUE_VALUES,
    values: [
      values.map((value) => value.row.tenant),
      integerColumn(values.map((value) => value.row.usagePeriodMicros)),
      integerColumn(values.map((value) => value.row.accountingPeriodMicros)),
      values.map((value) => value.meter),
      values.map((value) => value.dimensionsJson),
      byteColumn(values.map((value) => value.valueDigestHex)),
      integerColumn(values.map((value) => value.row.occurredAtMicros)),
    ],
  });
}

/** In one order for all writers (that of the key), each value once with its earliest event. */
function collectUniqueValues(rows: readonly MeteredRow[]): UniqueValue[] {
  const values = new Map<string, UniqueValue>();
  for (const row of rows) {
    for (const { meter, dimensionsJson, valueDigestHex } of row.contributions) {
      if (valueDigestHex === null) continue;
      const place = `${row.tenant}/${row.usagePeriodMicros}/${row.accountingPeriodMicros}/${meter}`;
      const key = `${place}/${valueDigestHex}/${dimensionsJson}`;
      const known = values.get(key);
      if (known === undefined || row.occurredAtMicros < known.row.occurredAtMicros) {
        values.set(key, { row, meter, dimensionsJson, valueDigestHex });
      }
    }
  }
  return [...values].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, value]) => value);
}
