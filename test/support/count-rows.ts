import { Client } from 'pg';
import type { World } from './world.ts';

/** How many rows a table of a world's database has, counted behind the programs' backs. */
export async function countRows(
  world: Pick<World, 'databaseUrl'>,
  table: 'usage_event' | 'billing_step',
): Promise<number> {
  const client = new Client({ connectionString: world.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(`select count(*) from ${table}`);
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
