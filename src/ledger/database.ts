import { Pool, types } from 'pg';
import type pg from 'pg';

import { parseJson } from '../domain/parse-json.ts';

/** What a station needs of PostgreSQL: a pool, or one client inside a transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

/** bigint and numeric arrive as strings (the driver's default): they never pass through a JavaScript number. */
export interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  readonly poolSizeMax: number;
}

/** What the driver makes of each type, but that names which senders wrote (properties, dimensions) are read for certain. */
const READERS: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === types.builtins.JSON || oid === types.builtins.JSONB ? parseJson : types.getTypeParser(oid, format),
};

const STATEMENT_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 10_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;
const CONNECTION_TIMEOUT_MS = 5_000;

/**
 * Opens a pool as the application role, which may append to the ledger but neither change nor delete it. Every session has
 * time-outs, so that a stuck statement or lock becomes an error and not a hang, and works in UTC.
 */
export function openDatabase(options: DatabaseOptions): pg.Pool {
  const pool = new Pool({
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    max: options.poolSizeMax,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    keepAlive: true,
    types: READERS,
    options: [
      '-c role=tollkeeper_app',
      '-c timezone=UTC',
      `-c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
      `-c lock_timeout=${LOCK_TIMEOUT_MS}`,
      `-c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
    ].join(' '),
  });
  // An idle connection that the server closes is not an error of any request: the pool replaces it on the next use.
  pool.on('error', () => undefined);
  // One that a transaction holds tells the next statement. Without a listener of its own it would end the whole process when
  // PostgreSQL goes away between two statements.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Runs `work` in one transaction on one connection: committed when it returns, rolled back when it throws. No network call
 * other than to this database belongs inside.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    // A connection that cannot roll back is thrown away rather than handed to the next caller in an unknown state.
    client.release(broken);
  }
}
