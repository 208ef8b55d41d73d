import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';

import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { withConnection } from '../support/template-database.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax: 1 });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function backendOf(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

/** As when PostgreSQL is killed: nobody waits for a statement at that moment. */
async function endBackend(pid: number): Promise<void> {
  await withConnection(database.databaseUrl, (client) =>
    client.query('select pg_terminate_backend($1::integer, 5000)', [pid]),
  );
}

async function storedNames(json: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ value: object }>('select $1::jsonb as value', [json]);
  return Object.keys(rows[0]?.value ?? {});
}

test('a stored name that is written with an escape is read as itself', async () => {
  expect(await storedNames(String.raw`{"": [], "\\": 0}`)).toEqual(['', '\\']);
  expect(await storedNames(String.raw`{"": 1, "\n": 2}`)).toEqual(['', '\n']);
});

test('a server that goes away between two statements fails the transaction, and the pool goes on', async () => {
  const transaction = inTransaction(pool, async (client) => {
    await endBackend(await backendOf(client));
    await client.query('select 1');
  });
  await expect(transaction).rejects.toThrow(/terminat|not queryable/i);
  // The process is still here, and the only connection of the pool was replaced.
  expect((await pool.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
});
