import type { Probe } from './probe.ts';

/** What is wanted of a figure. */
export interface Target {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One figure, measured several times. */
export interface Measure {
  /** Stays the same over versions: `ingest.one_tenant.events_per_second`. */
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  /** One value per run, in order. */
  readonly runs: readonly number[];
  readonly target?: Target;
}

/** Microseconds of processor time per event, by process. */
export interface ProcessorShare {
  readonly of: string;
  readonly microsPerEvent: Readonly<Record<string, number>>;
}

/** How a figure moved during a run. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  /** Seconds since the start, value. */
  readonly points: readonly (readonly [number, number])[];
}

/** What a command found, before it is dated. */
export interface Findings {
  /** Of the servers: `PostgreSQL 18.4, Redis 7.0.15`; empty when none ran. */
  readonly versions: string;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly measures: readonly Measure[];
  readonly processors: readonly ProcessorShare[];
  readonly series?: readonly Series[];
  readonly notes: readonly string[];
}

/** The JSON that a command prints. Changed by addition only. */
export interface BenchReport extends Findings {
  readonly format: 1;
  readonly command: string;
  readonly title: string;
  readonly commandLine: string;
  /** RFC 3339, when it began. */
  readonly at: string;
  readonly machine: string;
  readonly probe: { readonly before: Probe; readonly after: Probe };
}

/** The machine speed that targets were set for, in commands per second of the probe. */
export const PROBE_REFERENCE = 1_000_000;

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? upper;
  return (lower + upper) / 2;
}

/** 0 where there are none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

/** Whether the median keeps what is wanted; `null` when nothing is. */
export function isReached({ runs, target }: Measure): boolean | null {
  if (target === undefined) return null;
  const value = median(runs);
  return value >= (target.atLeast ?? -Infinity) && value <= (target.atMost ?? Infinity);
}

/** The processor time of several runs of one kind, as medians. */
export function medianShares(
  of: string,
  runs: readonly { readonly microsPerEvent: Readonly<Record<string, number>> }[],
): ProcessorShare {
  const names = Object.keys(runs[0]?.microsPerEvent ?? {});
  const middle = (name: string): number => median(runs.map(({ microsPerEvent }) => microsPerEvent[name] ?? 0));
  return { of, microsPerEvent: Object.fromEntries(names.map((name) => [name, middle(name)])) };
}

/** A number as a person reads it: three digits that matter, thousands apart. */
export function formatFigure(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

function formatTarget(target: Target | undefined): string {
  if (target?.atLeast !== undefined) return `≥ ${formatFigure(target.atLeast)}`;
  return target?.atMost === undefined ? '' : `≤ ${formatFigure(target.atMost)}`;
}

/** Head of the table of figures. */
export const FIGURE_HEAD = ['figure', 'median', 'range', 'unit', 'wanted', 'reached'] as const;

/** One row of the table of figures. */
export function figureRow(measure: Measure): readonly string[] {
  const { name, runs, unit, target } = measure;
  const reached = isReached(measure);
  const range = `${formatFigure(Math.min(...runs))} – ${formatFigure(Math.max(...runs))}`;
  return [
    name,
    formatFigure(median(runs)),
    runs.length > 1 ? range : '',
    unit,
    formatTarget(target),
    reached === null ? '' : reached ? 'yes' : 'no',
  ];
}

/** Head and rows of the table of processor time, one column per process. */
export function processorTable(shares: readonly ProcessorShare[]): readonly (readonly string[])[] {
  const names = [...new Set(shares.flatMap((share) => Object.keys(share.microsPerEvent)))];
  if (names.length === 0) return [];
  const rows = shares.map(({ of, microsPerEvent }) => {
    const total = Object.values(microsPerEvent).reduce((sum, value) => sum + value, 0);
    const cells = names.map((name) => {
      const micros = microsPerEvent[name];
      return micros === undefined ? '' : formatFigure(micros);
    });
    return [of, ...cells, formatFigure(total)];
  });
  return [['processor time, µs per event', ...names, 'sum'], ...rows];
}

/** The line about the machine's speed under every table. */
export function probeLine({ before, after }: BenchReport['probe']): string {
  const speeds = [before, after].map(({ commandsPerSecond }) => formatFigure(commandsPerSecond)).join(' and ');
  const syncs = [before, after].map(({ syncMicros }) => formatFigure(syncMicros)).join(' and ');
  return `Probe before and after: ${speeds} HINCRBY/s (${before.program}); a disk sync ${syncs} µs.`;
}
