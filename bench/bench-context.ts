import type { Redis } from 'ioredis';
import type { Client } from 'pg';

import type { LoadGenerator, LoadJob } from './load.ts';
import type { RequestPlan } from './requests.ts';
import type { BenchStack } from './stack.ts';

/** How long and how often a command measures. */
export interface BenchOptions {
  readonly runs: number;
  /** Of one run; `null`: the command's own default. */
  readonly seconds: number | null;
  /** Everything once and short: shows that it works, not how fast. */
  readonly quick: boolean;
  /** Requests per second instead of as fast as the ledger follows; only `ingest`. */
  readonly rate: number | null;
}

/** What a command is given. */
export interface BenchContext extends BenchOptions {
  readonly say: (line: string) => void;
  readonly generator: LoadGenerator;
}

/** Batches of the throughput benches. */
export const BATCH_EVENTS = 100;
/** Connections that send batches. */
export const BATCH_CONNECTIONS = 16;
/** Tenants that the events are spread over. */
export const TENANTS = 100;

const PREFIX_LETTERS = 36;
let prefixes = 0;
const processPrefix = Math.trunc((Date.now() / 1_000) % PREFIX_LETTERS ** 4)
  .toString(PREFIX_LETTERS)
  .padStart(4, '0');

/** Makes the ids of one load new, also against loads of earlier runs on the same data. */
export function nextIdPrefix(): string {
  prefixes += 1;
  return `${processPrefix}${prefixes.toString(PREFIX_LETTERS).padStart(3, '0')}`;
}

/** Seconds of one run: as asked for, or the command's default, or a moment. */
export function secondsOf(options: BenchOptions, usual: number): number {
  return options.seconds ?? (options.quick ? 2 : usual);
}

/** Where a load goes. */
export function jobFor(apiUrl: string, job: Omit<LoadJob, 'host' | 'port'>): LoadJob {
  const { hostname, port } = new URL(apiUrl);
  return { host: hostname, port: Number(port), ...job };
}

/** Batches of 100 from so many tenants each. */
export function batchPlan(stack: BenchStack, tenantsPerRequest: number, tenants = TENANTS): RequestPlan {
  return {
    kind: 'events',
    apiKey: stack.ingestKey,
    eventsPerRequest: BATCH_EVENTS,
    tenantsPerRequest,
    tenants,
    idPrefix: nextIdPrefix(),
  };
}

/** `PostgreSQL 18.4, Redis 7.0.15`. */
export async function serverVersions(database: Client, redis: Redis): Promise<string> {
  const info = await redis.info('server');
  const { rows } = await database.query<{ server_version: string }>('show server_version');
  return `PostgreSQL ${rows[0]?.server_version.split(' ')[0]}, Redis ${/^redis_version:(\S+)/m.exec(info)?.[1]}`;
}
