import { TENANTS } from './bench-context.ts';
import { mean, type Measure, medianShares, type ProcessorShare } from './report.ts';
import type { RunToRows } from './run-to-rows.ts';

/** What a batch is made of. */
export type Variant = 'one_tenant' | 'fifty_tenants' | 'hot_tenant';
/** How each variant is sent, and what is wanted of it; 0: nothing. */
export const VARIANTS: Readonly<
  Record<Variant, { name: string; tenantsPerRequest: number; tenants: number; wanted: number }>
> = {
  one_tenant: { name: 'one tenant a batch', tenantsPerRequest: 1, tenants: TENANTS, wanted: 80_000 },
  fifty_tenants: { name: '50 tenants a batch', tenantsPerRequest: 50, tenants: TENANTS, wanted: 50_000 },
  hot_tenant: { name: 'one hot tenant', tenantsPerRequest: 1, tenants: 1, wanted: 0 },
};

/** The usual way in one run. */
export interface UsualFigures {
  readonly eventsPerSecond: number;
  /** `null`: there is no pgbench here. */
  readonly pgbenchPerSecond: number | null;
  readonly walBytesPerEvent: number;
  readonly databaseBytesPerEvent: number;
  readonly microsPerEvent: Readonly<Record<string, number>>;
}

/** All of one round, measured in turn. */
export interface Round {
  readonly ours: Readonly<Record<Variant, RunToRows>>;
  readonly spread: UsualFigures;
  readonly hot: UsualFigures;
}

/** The faster of the two clients is the competitor. */
function usualSpeed({ eventsPerSecond, pgbenchPerSecond }: UsualFigures): number {
  return Math.max(eventsPerSecond, pgbenchPerSecond ?? 0);
}

/** Our figures by variant. */
export function ourMeasures(rounds: readonly Round[]): Measure[] {
  return (Object.keys(VARIANTS) as Variant[]).flatMap((key): Measure[] => {
    const { name, wanted } = VARIANTS[key];
    const of = (pick: (run: RunToRows) => number): number[] => rounds.map(({ ours }) => pick(ours[key]));
    const other = (suffix: string, unit: string, pick: (run: RunToRows) => number): Measure => {
      return { key: `ingest.${key}.${suffix}`, name: `${name}: ${suffix.replaceAll('_', ' ')}`, unit, runs: of(pick) };
    };
    return [
      {
        key: `ingest.${key}.events_per_second`,
        name: `${name}: events to rows`,
        unit: 'events/s',
        runs: of(({ eventsPerSecond }) => eventsPerSecond),
        ...(wanted > 0 && { target: { atLeast: wanted } }),
      },
      other('wal_bytes', 'B/event', ({ walBytesPerEvent }) => walBytesPerEvent),
      other('database_bytes', 'B/event', ({ databaseBytesPerEvent }) => databaseBytesPerEvent),
      other('journal_mean', 'events', ({ backlog }) => mean(backlog.map(([, events]) => events))),
    ];
  });
}

/** The competitor's. */
export function usualMeasures(rounds: readonly Round[]): Measure[] {
  return (['spread', 'hot'] as const).flatMap((key): Measure[] => {
    const name = key === 'hot' ? 'usual way, one hot tenant' : 'usual way, spread';
    const of = (pick: (figures: UsualFigures) => number | null): number[] =>
      rounds.flatMap((round) => pick(round[key]) ?? []);
    const events = of(({ eventsPerSecond }) => eventsPerSecond);
    const pgbench = of(({ pgbenchPerSecond }) => pgbenchPerSecond);
    const share = of(({ eventsPerSecond, pgbenchPerSecond }) =>
      pgbenchPerSecond === null ? null : eventsPerSecond / pgbenchPerSecond,
    );
    return [
      { key: `ingest.usual_${key}.events_per_second`, name, unit: 'events/s', runs: events },
      ...(pgbench.length === 0
        ? []
        : [
            { key: `ingest.usual_${key}.pgbench`, name: `${name}, by pgbench`, unit: 'events/s', runs: pgbench },
            {
              key: `ingest.usual_${key}.share_of_pgbench`,
              name: `${name}: share of pgbench`,
              unit: '×',
              runs: share,
              target: { atLeast: 0.8 },
            },
          ]),
      {
        key: `ingest.usual_${key}.wal_bytes`,
        name: `${name}: wal bytes`,
        unit: 'B/event',
        runs: of(({ walBytesPerEvent }) => walBytesPerEvent),
      },
      {
        key: `ingest.usual_${key}.database_bytes`,
        name: `${name}: database bytes`,
        unit: 'B/event',
        runs: of(({ databaseBytesPerEvent }) => databaseBytesPerEvent),
      },
    ];
  });
}

/** Ours against theirs, round by round. */
export function comparisons(rounds: readonly Round[]): Measure[] {
  const ratio = (key: string, name: string, pick: (round: Round) => number, target?: Measure['target']): Measure => ({
    key: `ingest.${key}`,
    name,
    unit: '×',
    runs: rounds.map(pick),
    ...(target !== undefined && { target }),
  });
  const speed = (round: Round, variant: Variant): number => round.ours[variant].eventsPerSecond;
  return [
    ratio(
      'against_spread',
      'ours against the usual way, spread',
      (r) => speed(r, 'one_tenant') / usualSpeed(r.spread),
      {
        atLeast: 9,
      },
    ),
    ratio(
      'against_hot',
      'ours against the usual way with a hot tenant',
      (r) => speed(r, 'one_tenant') / usualSpeed(r.hot),
      {
        atLeast: 40,
      },
    ),
    ratio('hot_against_hot', 'ours against the usual way, both hot', (r) => speed(r, 'hot_tenant') / usualSpeed(r.hot)),
    ratio(
      'wal_against_spread',
      'WAL per event against the usual way',
      (r) => r.ours.one_tenant.walBytesPerEvent / r.spread.walBytesPerEvent,
      { atMost: 0.5 },
    ),
    ratio(
      'bytes_against_spread',
      'database bytes per event against the usual way',
      (r) => r.ours.one_tenant.databaseBytesPerEvent / r.spread.databaseBytesPerEvent,
      { atMost: 0.5 },
    ),
  ];
}

/** Where the processor time of each variant goes. */
export function processorShares(rounds: readonly Round[]): ProcessorShare[] {
  const ours = (Object.keys(VARIANTS) as Variant[]).map((key) =>
    medianShares(
      VARIANTS[key].name,
      rounds.map((round) => round.ours[key]),
    ),
  );
  const usual = (['spread', 'hot'] as const).map((key) =>
    medianShares(
      key === 'hot' ? 'usual way, one hot tenant' : 'usual way, spread',
      rounds.map((round) => round[key]),
    ),
  );
  return [...ours, ...usual];
}
