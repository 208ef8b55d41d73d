import { type BenchContext, secondsOf } from './bench-context.ts';
import type { Measure } from './report.ts';
import { type AnsweredRun, type LoadTarget, runLoad } from './run-load.ts';
import type { RequestPlan } from './requests.ts';

/** Connections of clients that send one thing at a time. */
export const SINGLE_CONNECTIONS = 50;

const SECONDS = 8;
/** The code of the hot path is compiled in steps, the last of them after some ten thousand requests. */
const SECONDS_WARM = 6;
/** What both halves of a run are measured by. */
export const HALF = 0.5;

/** As much as is answered, and then how long an answer takes at half of that. */
export interface ThroughputAndLatency {
  /** Closed loop: each connection sends again as soon as it has its answer. */
  readonly full: AnsweredRun;
  /** Open loop: sent at fixed moments, whatever the answers do. */
  readonly half: AnsweredRun;
}

/** Measures both, the one right after the other, because the second rests on the first. */
export async function measureSingles(
  context: BenchContext,
  target: LoadTarget,
  plan: () => RequestPlan,
  usualSeconds = SECONDS,
): Promise<ThroughputAndLatency> {
  const load = { connections: SINGLE_CONNECTIONS, seconds: secondsOf(context, usualSeconds) };
  const full = await runLoad(context, target, { ...load, requests: plan(), pace: { kind: 'free' } });
  const requestsPerSecond = full.eventsPerSecond * HALF;
  const half = await runLoad(context, target, { ...load, requests: plan(), pace: { kind: 'rate', requestsPerSecond } });
  const { p50, p99 } = half.load.latencyMicros;
  context.say(
    `${Math.round(full.eventsPerSecond)}/s; at ${Math.round(half.eventsPerSecond)}/s p50 ${p50 / 1_000} ms, p99 ${p99 / 1_000} ms`,
  );
  return { full, half };
}

/** Compiles the code, starts what tenants have running and makes the counters before anything is measured. */
export async function warmUp(context: BenchContext, target: LoadTarget, requests: RequestPlan): Promise<void> {
  const seconds = Math.min(secondsOf(context, SECONDS_WARM), SECONDS_WARM);
  await runLoad(context, target, { connections: SINGLE_CONNECTIONS, seconds, requests, pace: { kind: 'free' } });
}

/** What is wanted of a bench of single requests. */
export interface SingleTargets {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function ms(micros: number): number {
  return micros / 1_000;
}

/** The figures of such a bench, under keys that begin with `prefix`. */
export function singleMeasures(
  prefix: string,
  name: string,
  unit: string,
  rounds: readonly ThroughputAndLatency[],
  wanted: SingleTargets | null,
): Measure[] {
  const measure = (
    suffix: string,
    text: string,
    ofUnit: string,
    pick: (round: ThroughputAndLatency) => number,
  ): Measure => {
    return { key: `${prefix}.${suffix}`, name: `${name}${text}`, unit: ofUnit, runs: rounds.map(pick) };
  };
  const wants = (one: Measure, target: Measure['target']): Measure =>
    wanted === null || target === undefined ? one : { ...one, target };
  return [
    wants(
      measure('per_second', ', 50 connections', unit, ({ full }) => full.eventsPerSecond),
      { atLeast: wanted?.perSecond ?? 0 },
    ),
    measure('half_per_second', ' at half load: rate', unit, ({ half }) => half.eventsPerSecond),
    wants(
      measure('half_p50', ' at half load: p50', 'ms', ({ half }) => ms(half.load.latencyMicros.p50)),
      { atMost: wanted?.p50Ms ?? 0 },
    ),
    wants(
      measure('half_p99', ' at half load: p99', 'ms', ({ half }) => ms(half.load.latencyMicros.p99)),
      { atMost: wanted?.p99Ms ?? 0 },
    ),
    measure('half_p999', ' at half load: p99.9', 'ms', ({ half }) => ms(half.load.latencyMicros.p999)),
  ];
}
