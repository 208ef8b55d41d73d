import type { EventInput } from '../../client/index.ts';
import type { DemoCatalogue, DemoTenant } from './demo-catalogue.ts';
import type { Load } from './generate-load.ts';
import { generateLoad, mixLoads } from './generate-load.ts';

/** Events of the first round, duplicates included, over all tenants. */
export const FIRST_ROUND_EVENTS = 20_000;
/** Events of every later round. */
export const LATER_ROUND_EVENTS = 600;

/** Share of a round that repeats earlier events; the rest is divided between the tenants. */
const DISTINCT_SHARE = 1 / 1.05;
/** A limited tenant asks for this much of its limit, so that the last third is refused. */
const OVER_LIMIT = 1.5;
const OUTPUT_TOKENS_MAX = 500;
/** Late events are few, but one that comes after the seal is large enough to cost something. */
const LATE_EVENTS = 3;
const AFTER_SEAL_EVENTS = 1;
const AFTER_SEAL_OUTPUT_TOKENS = 100_000;

/** What makes the loads of one run: the same seed and start give the same events. */
export interface LoadSource {
  readonly catalogue: DemoCatalogue;
  readonly runName: string;
  readonly random: () => number;
  readonly periodMs: number;
  readonly periodStartMs: (period: number) => number;
}

function countLimit({ plan }: DemoTenant, catalogue: DemoCatalogue): number | undefined {
  const counted = new Set(catalogue.meters.filter((meter) => meter.aggregation === 'count').map(({ key }) => key));
  const limit = plan.limits?.find(({ mode, meter }) => mode === 'hard' && counted.has(meter));
  return limit === undefined ? undefined : Number(limit.limit);
}

function loadOf(source: LoadSource, tenant: string, period: number, name: string, eventCount: number): Load {
  const fromMs = source.periodStartMs(period);
  return {
    tenant,
    eventType: source.catalogue.eventType,
    idPrefix: `${source.runName}-${tenant}-${period}-${name}`,
    eventCount,
    fromMs,
    toMs: fromMs + source.periodMs,
    outputTokensMax: OUTPUT_TOKENS_MAX,
  };
}

/** The main traffic of a period: all tenants mixed; those with a hard limit ask for more than it in the first round. */
export function mainTraffic(source: LoadSource, period: number, eventsTotal: number): EventInput[] {
  const { tenants } = source.catalogue;
  const distinct = Math.round(eventsTotal * DISTINCT_SHARE);
  const limited = new Map<string, number>();
  for (const tenant of tenants) {
    const limit = countLimit(tenant, source.catalogue);
    if (limit !== undefined) limited.set(tenant.id, Math.min(Math.round(limit * OVER_LIMIT), Math.round(distinct / 4)));
  }
  const left = distinct - [...limited.values()].reduce((sum, count) => sum + count, 0);
  const share = Math.floor(left / Math.max(1, tenants.length - limited.size));
  const loads = tenants.map((tenant) => loadOf(source, tenant.id, period, 'e', limited.get(tenant.id) ?? share));
  return mixLoads(
    loads.map((load) => generateLoad(load, source.random)),
    source.random,
  );
}

/** A few events of a period that come after its end. */
export function lateEvents(source: LoadSource, period: number): EventInput[] {
  return source.catalogue.tenants.flatMap((tenant) =>
    generateLoad(loadOf(source, tenant.id, period, 'late', LATE_EVENTS), source.random),
  );
}

/** An event of each tenant that comes when its period is sealed and billed. */
export function afterSealEvents(source: LoadSource, period: number): EventInput[] {
  return source.catalogue.tenants.flatMap((tenant) =>
    generateLoad(loadOf(source, tenant.id, period, 'sealed', AFTER_SEAL_EVENTS), source.random).map((event) => ({
      ...event,
      properties: { ...event.properties, outputTokens: AFTER_SEAL_OUTPUT_TOKENS },
    })),
  );
}
