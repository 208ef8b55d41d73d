import { createHistogram } from 'node:perf_hooks';

import type { Pool } from 'pg';

import { openDatabase } from '../src/ledger/database.ts';
import { readUsage, readUsageByDimension } from '../src/ledger/read-usage.ts';
import { sumUsage } from '../src/ledger/sum-usage.ts';
import { type BenchContext, secondsOf, serverVersions, TENANTS } from './bench-context.ts';
import { FILLED_TENANT } from './catalogue.ts';
import { ensureFilled, type FilledFolder, filledFolder } from './filled-ledger.ts';
import { type Findings, type Measure, medianShares } from './report.ts';
import { type AnsweredRun, runLoad } from './run-load.ts';
import { type BenchStack, startBenchStack } from './stack.ts';

/** What this command measures. */
export const READ_TITLE = 'read: one tenant’s month from the rollups, 10 million events behind it';

const SECONDS = 3;
const MICROS_PER_MS = 1_000;

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Round {
  readonly byMeter: Latency;
  readonly period: Latency;
  readonly byDimension: Latency;
  readonly http: AnsweredRun;
}

/** Reads one after the other on one connection, as one person's page does. */
export async function benchRead(context: BenchContext): Promise<Findings> {
  const filled = filledFolder(context.quick);
  const stack = await startBenchStack({ tenants: TENANTS, dataFolder: filled.folder });
  const pool = openDatabase({ databaseUrl: stack.databaseUrl, applicationName: 'bench', poolSizeMax: 1 });
  try {
    await ensureFilled(stack.database, filled, context.say);
    const rounds: Round[] = [];
    for (let run = -1; run < context.runs; run += 1) {
      const round = await measure(context, stack, pool, filled);
      // The first one warms what caches keep.
      if (run >= 0) rounds.push(round);
    }
    const { rows } = await stack.database.query<{ total: string }>(
      'select count(*)::text as total from usage_daily where tenant = $1::text',
      [FILLED_TENANT],
    );
    return {
      versions: await serverVersions(stack.database, stack.redis),
      settings: {
        runs: rounds.length,
        events: filled.rows,
        'rollups by day': Number(rows[0]?.total),
        connections: 1,
      },
      measures: [
        ...latencies(
          'read.by_meter',
          'by meter',
          rounds.map(({ byMeter }) => byMeter),
          1,
        ),
        ...latencies(
          'read.period_by_meter',
          'the billing period by meter',
          rounds.map(({ period }) => period),
          1,
        ),
        ...latencies(
          'read.by_dimension',
          'by one dimension',
          rounds.map(({ byDimension }) => byDimension),
          5,
        ),
        ...latencies(
          'read.http',
          'by meter, GET /v1/tenants/…/usage',
          rounds.map(({ http }) => httpLatency(http)),
          null,
        ),
      ],
      processors: [
        medianShares(
          'GET /v1/tenants/…/usage, per request',
          rounds.map(({ http }) => http),
        ),
      ],
      notes: [
        'By meter is the function behind the route for usage, the billing period what a bill is rated from; by one dimension is what the same route reads for one meter by the values of its dimension. All come from rollups by day, whose number does not rise with the number of events.',
        'The route also reads the live counters of the open period.',
      ],
    };
  } finally {
    await pool.end();
    await stack.stop();
  }
}

async function measure(
  context: BenchContext,
  stack: BenchStack,
  pool: Pool,
  { monthStart }: FilledFolder,
): Promise<Round> {
  const seconds = secondsOf(context, SECONDS);
  const start = new Date(monthStart);
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1)).toISOString();
  const span = { from: start.getTime() * MICROS_PER_MS, to: new Date(end).getTime() * MICROS_PER_MS };
  const query = { tenant: FILLED_TENANT, ...span, by: 'month', timeZone: 'UTC' } as const;
  const byMeter = await latencyOf(seconds, () => readUsage(pool, query));
  const selection = { tenant: FILLED_TENANT, accountingPeriod: span.from };
  const period = await latencyOf(seconds, () => sumUsage(pool, selection));
  const byDimension = await latencyOf(seconds, () =>
    readUsageByDimension(pool, { ...query, meter: 'input_tokens', dimension: 'model' }),
  );
  const path = `/v1/tenants/${FILLED_TENANT}/usage?by=month&from=${monthStart}&to=${end}`;
  const requests = { kind: 'read', apiKey: stack.adminKey, path } as const;
  const http = await runLoad(context, stack, { connections: 1, seconds, requests, pace: { kind: 'free' } });
  context.say(`by meter p50 ${byMeter.p50Ms} ms, by one dimension p50 ${byDimension.p50Ms} ms`);
  return { byMeter, period, byDimension, http };
}

async function latencyOf(seconds: number, read: () => Promise<unknown>): Promise<Latency> {
  const histogram = createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 });
  const end = performance.now() + seconds * MICROS_PER_MS;
  for (let before = performance.now(); before < end; before = performance.now()) {
    await read();
    histogram.record(Math.max(1, Math.round((performance.now() - before) * MICROS_PER_MS)));
  }
  return { p50Ms: histogram.percentile(50) / MICROS_PER_MS, p99Ms: histogram.percentile(99) / MICROS_PER_MS };
}

function httpLatency({ load }: AnsweredRun): Latency {
  const { p50, p99 } = load.latencyMicros;
  return { p50Ms: p50 / MICROS_PER_MS, p99Ms: p99 / MICROS_PER_MS };
}

function latencies(key: string, name: string, runs: readonly Latency[], p50Wanted: number | null): Measure[] {
  return [
    {
      key: `${key}.p50`,
      name: `${name}: p50`,
      unit: 'ms',
      runs: runs.map(({ p50Ms }) => p50Ms),
      ...(p50Wanted !== null && { target: { atMost: p50Wanted } }),
    },
    { key: `${key}.p99`, name: `${name}: p99`, unit: 'ms', runs: runs.map(({ p99Ms }) => p99Ms) },
  ];
}
