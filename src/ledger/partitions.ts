import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Queryable } from './database.ts';

/**
 * Makes the monthly partitions that events in `[from, to)` need; idempotent and safe from several processes at once. The
 * application role may not create tables: a definer function of the schema's owner does it, for at most 100 years.
 *
 * @returns how many were made
 */
export async function ensureEventPartitions(db: Queryable, from: EpochMicros, to: EpochMicros): Promise<number> {
  const { rows } = await db.query<{ made: number }>(
    'select ensure_event_partitions($1::timestamptz, $2::timestamptz) as made',
    [formatInstant(from), formatInstant(to)],
  );
  return rows[0]?.made ?? 0;
}
