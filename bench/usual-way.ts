import { execFile, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Client } from 'pg';

import { tenantId } from './catalogue.ts';
import { pgbenchScript, SCHEMA } from './usual-way-statements.ts';

/** What the usual way's application is told. */
export interface UsualWayJob {
  readonly databaseUrl: string;
  readonly connections: number;
  readonly seconds: number;
  /** 1 makes all events wait for one row. */
  readonly tenants: number;
  /** Makes the ids of this run new. */
  readonly idPrefix: string;
}

/** What it did. */
export interface UsualWayResult {
  readonly transactions: number;
  readonly seconds: number;
}

const DATABASE = 'usual_way';
const RUN_OVERTIME_MS = 60_000;
const TENANTS_MAX = 1_000;

/** Makes the competitor's database beside the product's, on the same server. @returns its URL */
export async function openUsualWay(database: Client, databaseUrl: string): Promise<string> {
  const { rowCount } = await database.query('select 1 from pg_database where datname = $1::name', [DATABASE]);
  if (rowCount === 0) await database.query(`create database ${DATABASE}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${DATABASE}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(SCHEMA);
    const tenants = Array.from({ length: TENANTS_MAX }, (_, index) => tenantId(index));
    await client.query('insert into usage_counter (tenant) select unnest($1::text[]) on conflict do nothing', [
      tenants,
    ]);
    await client.query('vacuum analyze usage_counter');
  } finally {
    await client.end();
  }
  return url.href;
}

/** Called while its process lives, for who reads its processor time. */
export interface UsualWayWatch {
  readonly onStart: (pid: number) => void;
  readonly onEnd: () => void;
}

/** Runs the usual way for a while in a process of its own. */
export async function runUsualWay(job: UsualWayJob, watch: UsualWayWatch): Promise<UsualWayResult> {
  const child = fork(fileURLToPath(new URL('./usual-way-load.ts', import.meta.url)));
  try {
    return await new Promise<UsualWayResult>((resolve, reject) => {
      child.once('message', (message) => {
        watch.onEnd();
        resolve(message as UsualWayResult);
      });
      child.once('exit', () => reject(new Error('the usual way ended before its time')));
      watch.onStart(child.pid ?? 0);
      child.send(job);
    });
  } finally {
    if (child.connected) child.disconnect();
  }
}

/** `pgbench` with its settings, as printed. */
export interface PgbenchResult {
  readonly transactionsPerSecond: number;
  readonly settings: string;
}

/**
 * The same transaction by PostgreSQL's own load program, which shows whether our client holds the competitor back.
 *
 * @returns `null` when this machine has no pgbench
 */
export async function runPgbench(job: Omit<UsualWayJob, 'idPrefix'>): Promise<PgbenchResult | null> {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-pgbench-'));
  const script = join(folder, 'usual-way.sql');
  writeFileSync(script, pgbenchScript());
  const url = new URL(job.databaseUrl);
  const settings = ['-n', '-M', 'prepared', '-c', String(job.connections), '-j', '2', '-T', String(job.seconds)];
  const place = ['-h', url.hostname, '-p', url.port, '-U', url.username, '-D', `tenants=${job.tenants}`, '-f', script];
  try {
    const { stdout } = await promisify(execFile)('pgbench', [...settings, ...place, url.pathname.slice(1)], {
      env: { ...process.env, PGPASSWORD: decodeURIComponent(url.password) },
      timeout: job.seconds * 1_000 + RUN_OVERTIME_MS,
    });
    const rate = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    if (rate === undefined) throw new Error(`pgbench said nothing of its speed:\n${stdout}`);
    return { transactionsPerSecond: Number(rate), settings: `pgbench ${settings.join(' ')}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
