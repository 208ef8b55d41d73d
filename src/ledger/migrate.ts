import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings a database to the newest schema. Idempotent, and safe to call from several processes at once: they queue behind one
 * advisory lock. All pending migrations run in one transaction, so a failed one leaves the database as it was; the caller
 * must not start on it.
 *
 * @param databaseUrl a role that may create tables and roles (the owner), not the application role
 */
export async function migrate(databaseUrl: string): Promise<void> {
  await runner({
    databaseUrl,
    dir: MIGRATIONS_FOLDER,
    direction: 'up',
    migrationsTable: 'schema_migration',
    checkOrder: true,
    singleTransaction: true,
    advisoryLockMode: 'wait',
    log: () => undefined,
  });
}
