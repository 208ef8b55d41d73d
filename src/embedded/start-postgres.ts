import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from 'pg';

import { EmbeddedError, messageOf, sayOnStderr } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { claimPort, LOOPBACK } from './ports.ts';
import { postgresAccount } from './postgres-account.ts';
import type { Account } from './postgres-account.ts';
import { postgresPrograms } from './postgres-programs.ts';
import type { PostgresPrograms } from './postgres-programs.ts';
import { startServer, waitUntilHealthy } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

/** A started PostgreSQL. */
export interface StartedPostgres extends ServerProcess {
  /** `postgres://USER:PASSWORD@127.0.0.1:PORT/tollkeeper`; the database exists, and the user is a superuser. */
  readonly url: string;
}

/** Where and how to start PostgreSQL. */
export interface PostgresOptions {
  /** The stack's data folder; the cluster lies in `postgres/` below it. */
  readonly dataFolder: string;
  readonly port?: number | undefined;
  /** Data that nobody will miss, for tests: not safe against a power cut, faster. Never for a ledger. */
  readonly throwAway?: boolean | undefined;
  readonly say?: Say | undefined;
}

const USER = 'tollkeeper';
const DATABASE = 'tollkeeper';
const READY_MS = 60_000;
const INITDB_MS = 120_000;
const CONNECT_MS = 2_000;
const PASSWORD_BYTES = 24;

/** Durability is on, as PostgreSQL's defaults have it; these are the settings that differ from the defaults. */
const SETTINGS: readonly string[] = [
  `listen_addresses=${LOOPBACK}`,
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=256MB',
  'max_wal_size=2GB',
  'timezone=UTC',
  'log_timezone=UTC',
];

const THROW_AWAY_SETTINGS: readonly string[] = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** The password of this data folder: random, made once, readable by its owner only. */
function passwordOf(file: string, account: Account | undefined): string {
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(PASSWORD_BYTES).toString('base64url'), { mode: 0o600 });
    // initdb reads it, and runs as this account.
    if (account !== undefined) chownSync(file, account.uid, account.gid);
  }
  return readFileSync(file, 'utf8').trim();
}

/** Makes the cluster beside its place and moves it there when it is complete: an interrupted start leaves no half of one. */
async function initialise(
  programs: PostgresPrograms,
  cluster: string,
  passwordFile: string,
  account: Account | undefined,
  throwAway: boolean,
): Promise<void> {
  const unfinished = `${cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (account !== undefined) chownSync(unfinished, account.uid, account.gid);
  const parameters = ['--pgdata', unfinished, '--username', USER, '--pwfile', passwordFile];
  const format = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
  try {
    await promisify(execFile)(programs.initdb, [...parameters, ...format, ...(throwAway ? ['--no-sync'] : [])], {
      ...account,
      cwd: '/',
      env: { PATH: process.env['PATH'], TZ: 'UTC', LC_ALL: 'C' },
      timeout: INITDB_MS,
    });
  } catch (error) {
    throw new EmbeddedError(`PostgreSQL's initdb failed for ${cluster}: ${messageOf(error)}`);
  }
  renameSync(unfinished, cluster);
}

/** Runs statements on a connection of their own. */
async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  // A connection that is cut while idle is reported by the next statement; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function ensureDatabase(maintenanceUrl: string): Promise<void> {
  await withClient(maintenanceUrl, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1::name', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  });
}

/**
 * Starts PostgreSQL on the loopback address, making its cluster on the first start, and waits until it answers.
 * @throws EmbeddedError when the port is taken, the cluster cannot be made or the server does not come up
 */
export async function startPostgres(options: PostgresOptions): Promise<StartedPostgres> {
  const port = await claimPort('PostgreSQL', options.port, 'TOLLKEEPER_POSTGRES_PORT');
  const throwAway = options.throwAway ?? false;
  const programs = postgresPrograms();
  const account = await postgresAccount(options.say ?? sayOnStderr);
  mkdirSync(options.dataFolder, { recursive: true });
  const cluster = join(options.dataFolder, 'postgres');
  const passwordFile = join(options.dataFolder, 'postgres.password');
  const password = passwordOf(passwordFile, account);
  if (!existsSync(cluster)) await initialise(programs, cluster, passwordFile, account, throwAway);
  const settings = throwAway ? [...SETTINGS, ...THROW_AWAY_SETTINGS] : SETTINGS;
  const server = await startServer({
    name: 'PostgreSQL',
    command: programs.postgres,
    arguments: ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    logFile: join(options.dataFolder, 'logs', 'postgres.log'),
    identityFile: join(options.dataFolder, 'run', 'postgres.json'),
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended and everything is written.
    stopSignal: 'SIGINT',
    user: account,
  });
  const address = `postgres://${USER}:${password}@${LOOPBACK}:${port}`;
  await waitUntilHealthy(server, () => ensureDatabase(`${address}/postgres`), READY_MS);
  return { ...server, url: `${address}/${DATABASE}` };
}
