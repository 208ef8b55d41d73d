import type pg from 'pg';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { DrainObserver } from '../journal/drain-context.ts';
import type { MeterObserver } from '../meter/meter-observer.ts';

/** What a program tells of itself. */
export interface ProgramFacts {
  readonly program: 'api' | 'worker';
  readonly mode: 'test' | 'live';
  readonly profile: 'durable' | 'fast';
  readonly dedupWindowSeconds: number;
}

/** What every program of ours measures of its own work, and where the rest is registered. */
export interface ProgramMetrics {
  readonly registry: Registry;
  readonly meterObserver: MeterObserver;
  readonly drainObserver: DrainObserver;
  /** Shows the state of the program's pool of connections at each scrape. */
  watchPool(pool: Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>): void;
}

/** From well under the measured script (20 µs) to the time-out of a call (2 s). */
const SCRIPT_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5];

/** Makes the instruments of one process. Names and meanings are listed in docs/operations.md; none has a tenant in it. */
export function createProgramMetrics(facts: ProgramFacts): ProgramMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  describeProgram(registry, facts);
  return {
    registry,
    meterObserver: observeMeter(registry),
    drainObserver: observeDrain(registry),
    watchPool: (pool) => watchPool(registry, pool),
  };
}

function describeProgram(registry: Registry, { program, mode, profile, dedupWindowSeconds }: ProgramFacts): void {
  const info = new Gauge({
    name: 'tollkeeper_info',
    help: 'Always 1: what this process is, in its labels.',
    labelNames: ['program', 'mode', 'profile'],
    registers: [registry],
  });
  info.set({ program, mode, profile }, 1);
  const window = new Gauge({
    name: 'tollkeeper_dedup_window_seconds',
    help: 'How long an accepted id is remembered at least before the ledger alone decides.',
    registers: [registry],
  });
  window.set(dedupWindowSeconds);
}

function observeMeter(registry: Registry): MeterObserver {
  const script = new Histogram({
    name: 'tollkeeper_script_duration_seconds',
    help: 'Calls of the script that records usage, from sending to the answer of Redis.',
    buckets: SCRIPT_SECONDS,
    registers: [registry],
  });
  const rebuilds = new Counter({
    name: 'tollkeeper_rebuilds_total',
    help: 'Times that the counters of a tenant were installed from the ledger by this process.',
    registers: [registry],
  });
  return { scriptSent: () => script.startTimer(), tenantRebuilt: () => rebuilds.inc() };
}

function observeDrain(registry: Registry): DrainObserver {
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] });
  const rows = counter('tollkeeper_drained_rows_total', 'Events that this process brought into the ledger.');
  const refused = counter(
    'tollkeeper_refused_duplicates_total',
    'Events taken from the journal whose id the ledger already had.',
  );
  const setAside = counter('tollkeeper_dead_letters_total', 'Dead letters that this process wrote.');
  const retries = counter(
    'tollkeeper_retried_conflicts_total',
    'Drain transactions repeated after a deadlock or a serialization failure.',
  );
  return {
    batchWritten: (written) => {
      rows.inc(written.rows);
      refused.inc(written.refused);
      setAside.inc(written.setAside);
    },
    conflictRetried: () => retries.inc(),
  };
}

function watchPool(registry: Registry, pool: Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'>): void {
  const connections: Gauge = new Gauge({
    name: 'tollkeeper_postgresql_connections',
    help: 'Connections of this process to PostgreSQL, in use and idle.',
    labelNames: ['state'],
    registers: [registry],
    collect: (): void => {
      connections.set({ state: 'used' }, pool.totalCount - pool.idleCount);
      connections.set({ state: 'idle' }, pool.idleCount);
    },
  });
  const waiting: Gauge = new Gauge({
    name: 'tollkeeper_postgresql_pool_waiting',
    help: 'Requests of this process that wait for a connection to PostgreSQL.',
    registers: [registry],
    collect: (): void => waiting.set(pool.waitingCount),
  });
}
