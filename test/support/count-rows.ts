import type { Queryable } from '../../src/ledger/database.ts';
import { withConnection } from './template-database.ts';
import type { World } from './world.ts';

/** How many rows a table has, or what is written after its name (`incident where …`). */
export async function countRows(db: Queryable, table: string): Promise<number> {
  const { rows } = await db.query<{ count: string }>(`select count(*) as count from ${table}`);
  return Number(rows[0]?.count);
}

/** The same of a world's database, counted behind the programs' backs. */
export function countRowsOf(
  { databaseUrl }: Pick<World, 'databaseUrl'>,
  table: 'usage_event' | 'billing_step',
): Promise<number> {
  return withConnection(databaseUrl, (client) => countRows(client, table));
}
