import type { Queryable } from './database.ts';
import { safeInteger } from './journal-position.ts';

/** The version of the catalogue that holds; 0 before the first one was applied. */
export async function readCatalogueVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: string }>('select version from catalogue_version');
  return safeInteger(rows[0]?.version ?? '0');
}
