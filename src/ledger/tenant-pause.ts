import type { Queryable } from './database.ts';

/** Whether a tenant's billing is paused: the truth, whatever a workflow remembers. `undefined`: there is no such tenant. */
export async function isPaused(db: Queryable, tenant: string): Promise<boolean | undefined> {
  const { rows } = await db.query<{ paused: boolean }>('select paused from tenant where id = $1::text', [tenant]);
  return rows[0]?.paused;
}

/** Pauses or resumes a tenant's billing. Answers whether that changed anything; repeating it does not. */
export async function changePause(client: Queryable, tenant: string, paused: boolean): Promise<boolean> {
  const { rowCount } = await client.query(
    'update tenant set paused = $2::boolean where id = $1::text and paused <> $2::boolean',
    [tenant, paused],
  );
  return rowCount === 1;
}
