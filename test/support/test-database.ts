import { randomUUID } from 'node:crypto';

import { inject } from 'vitest';

import { urlOfDatabase, withConnection } from './template-database.ts';

/** A migrated database of one test's own. */
export interface TestDatabase {
  readonly databaseUrl: string;
  /** Removes it, cutting connections that are still open. */
  drop(): Promise<void>;
}

/** Clones the run's migrated template. Safe in parallel workers. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('databaseUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withConnection(serverUrl, (client) =>
    client.query(`create database ${name} template ${inject('templateDatabase')}`),
  );
  return {
    databaseUrl: urlOfDatabase(serverUrl, name),
    drop: () =>
      withConnection(serverUrl, async (client) => void (await client.query(`drop database ${name} with (force)`))),
  };
}
