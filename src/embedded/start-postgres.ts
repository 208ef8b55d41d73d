import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { EmbeddedError, sayOnStderr } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { claimPort, LOOPBACK } from './ports.ts';
import { postgresAccount } from './postgres-account.ts';
import type { Account } from './postgres-account.ts';
import { clearStalePostmaster, initialiseCluster } from './postgres-cluster.ts';
import { postgresPrograms } from './postgres-programs.ts';
import { clusterFolder, reachablePrograms } from './postgres-reach.ts';
import { startServer, waitUntilHealthy } from './server-process.ts';
import type { ServerCommand, ServerProcess } from './server-process.ts';

/** A started PostgreSQL. */
export interface StartedPostgres extends ServerProcess {
  /** `postgres://USER:PASSWORD@127.0.0.1:PORT/tollkeeper`; the database exists, and the user is a superuser. */
  readonly url: string;
}

/** Where and how to start PostgreSQL. */
export interface PostgresOptions {
  /** The stack's data folder, an absolute path; the cluster lies in `postgres/` below it. */
  readonly dataFolder: string;
  readonly port?: number | undefined;
  /** Data that nobody will miss, for tests: not safe against a power cut, faster. Never for a ledger. */
  readonly throwAway?: boolean | undefined;
  readonly say?: Say | undefined;
}

const USER = 'tollkeeper';
const DATABASE = 'tollkeeper';
/** Recovery after a crash reads the write-ahead log; a PostgreSQL that cannot start ends by itself, long before this. */
const READY_MS = 300_000;
const CONNECT_MS = 2_000;
const PASSWORD_BYTES = 24;

/** The sessions of a PostgreSQL that was killed end within a second or two; until then a new one refuses to start. */
const RESTART_ATTEMPTS_MAX = 20;
const RESTART_WAIT_MS = 500;
const OTHERS_STILL_ENDING = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/u;

/** Durability is on, as PostgreSQL's defaults have it; these are the settings that differ from the defaults. */
const SETTINGS: readonly string[] = [
  `listen_addresses=${LOOPBACK}`,
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=256MB',
  // What is changed for the first time after a checkpoint is logged as whole pages, also by the vacuum that follows inserts (277 bytes a
  // row of the ledger). Rare checkpoints, and a vacuum that comes before them, spare that; recovery after a crash reads more.
  'max_wal_size=4GB',
  'checkpoint_timeout=15min',
  'autovacuum_vacuum_insert_threshold=200000',
  'autovacuum_vacuum_insert_scale_factor=0',
  'timezone=UTC',
  'log_timezone=UTC',
];

const THROW_AWAY_SETTINGS: readonly string[] = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** The password of this data folder: random, made once, readable by its owner only. */
function passwordOf(file: string, account: Account | undefined): string {
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(PASSWORD_BYTES).toString('base64url'), { mode: 0o600 });
    // Whoever runs PostgreSQL owns it.
    if (account !== undefined) chownSync(file, account.uid, account.gid);
  }
  return readFileSync(file, 'utf8').trim();
}

/** Resolves when PostgreSQL answers and the project's database exists; makes it when it does not. */
async function ensureDatabase(maintenanceUrl: string): Promise<void> {
  const client = new Client({ connectionString: maintenanceUrl, connectionTimeoutMillis: CONNECT_MS });
  // A connection that is cut while idle is reported by the next statement; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1::name', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** Starts the server; while what a killed one left behind is still ending, tries again for a bounded time. */
async function startWhenFree(
  command: ServerCommand,
  cluster: string,
  maintenanceUrl: string,
  say: Say,
): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    clearStalePostmaster(cluster, say);
    const server = await startServer(command);
    try {
      await waitUntilHealthy(server, () => ensureDatabase(maintenanceUrl), READY_MS);
      return server;
    } catch (error) {
      const worthWaiting = error instanceof EmbeddedError && OTHERS_STILL_ENDING.test(error.message);
      if (!worthWaiting || attempt === RESTART_ATTEMPTS_MAX) throw error;
    }
    if (attempt === 1) say('PostgreSQL was killed earlier and parts of it are still ending: waiting for them');
    await delay(RESTART_WAIT_MS);
  }
}

/**
 * Starts PostgreSQL on the loopback address, making its cluster on the first start, and waits until it answers. After a crash or a SIGKILL it
 * recovers by itself from its write-ahead log.
 * @throws EmbeddedError when the port is taken, the cluster cannot be made or the server does not come up
 */
export async function startPostgres(options: PostgresOptions): Promise<StartedPostgres> {
  const say = options.say ?? sayOnStderr;
  const throwAway = options.throwAway ?? false;
  const port = await claimPort('PostgreSQL', options.port, 'TOLLKEEPER_POSTGRES_PORT');
  const account = await postgresAccount(say);
  const programs = reachablePrograms(postgresPrograms(), account, say);
  mkdirSync(options.dataFolder, { recursive: true });
  const cluster = clusterFolder(options.dataFolder, account, say);
  const password = passwordOf(join(options.dataFolder, 'postgres.password'), account);
  if (!existsSync(cluster)) {
    const { initdb } = programs;
    const { dataFolder } = options;
    await initialiseCluster({ initdb, dataFolder, cluster, user: USER, password, account, sync: !throwAway });
  }
  const settings = throwAway ? [...SETTINGS, ...THROW_AWAY_SETTINGS] : SETTINGS;
  const command: ServerCommand = {
    name: 'PostgreSQL',
    command: programs.postgres,
    arguments: ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    logFile: join(options.dataFolder, 'logs', 'postgres.log'),
    identityFile: join(options.dataFolder, 'run', 'postgres.json'),
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended and everything is written.
    stopSignal: 'SIGINT',
    user: account,
  };
  const address = `postgres://${USER}:${password}@${LOOPBACK}:${port}`;
  const server = await startWhenFree(command, cluster, `${address}/postgres`, say);
  return { ...server, url: `${address}/${DATABASE}` };
}
