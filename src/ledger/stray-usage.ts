import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Period } from '../domain/period.ts';
import { microsSql, readMicros } from './columns.ts';
import type { Queryable } from './database.ts';

/** Bound of one look: one is enough to hold a bill, and some tell where it went wrong. */
const STRAY_MAX = 10;

/**
 * Instants within a period to which usage was booked as if a period began there: by a calendar that held no more. No bill would ever
 * have it.
 */
export async function strayPeriods(
  db: Queryable,
  tenant: string,
  { startMicros, endMicros }: Pick<Period, 'startMicros' | 'endMicros'>,
): Promise<readonly EpochMicros[]> {
  const { rows } = await db.query<{ stray: string }>(
    `
select distinct ${microsSql('usage_period')} as stray
from usage_hourly
where tenant = $1::text and usage_period > $2::timestamptz and usage_period < $3::timestamptz
order by stray
limit ${STRAY_MAX}`,
    [tenant, formatInstant(startMicros), formatInstant(endMicros)],
  );
  return rows.map(({ stray }) => readMicros(stray));
}
