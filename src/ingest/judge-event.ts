import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import {
  hasPartition,
  planSpanAt,
  type CatalogueSnapshot,
  type PlanSpan,
  type TenantEntry,
} from '../catalog/catalogue-snapshot.ts';
import { metersAt } from '../catalog/meter-spans.ts';
import { EARLY_TOLERANCE_MINUTES, LATE_HORIZON_DAYS } from '../domain/event.ts';
import { MICROS_PER_DAY, MICROS_PER_MINUTE, type EpochMicros } from '../domain/instant.ts';
import type { EventResult } from '../domain/outcome.ts';
import type { EventDigests, RefusedEvent } from '../meter/usage-group.ts';
import { rulesOfReading, type ReadingRules } from './bounds.ts';
import type { CheckedEvent } from './check-event.ts';
import type { NamedPeriod, PeriodFinder } from './period-finder.ts';
import { readMeters, type Reading } from './read-meters.ts';
import { tenantOfKey } from './tenant-of-key.ts';

/** An event of sound form on its way: its place in the request, and its digests. */
export interface PendingEvent extends EventDigests {
  readonly place: number;
  /** The answers of its request, in which its own goes to `place`. */
  readonly answers: (EventResult | undefined)[];
  /** As sent, or derived. */
  readonly id: string;
  readonly ledgerId: string;
  readonly event: CheckedEvent;
}

/** What judging needs beside the event. */
export interface JudgeContext {
  readonly snapshot: CatalogueSnapshot;
  readonly key: AuthenticatedKey;
  readonly nowMicros: EpochMicros;
  readonly periods: PeriodFinder;
  /** What becomes of events whose type no meter takes. Left out: they are refused. */
  readonly unknownTypes?: 'refuse' | 'keep';
}

/** A reading with the bounds and thresholds that hold for it. */
export interface BoundedReading extends Reading, ReadingRules {}

/** What the catalogue says of an event, before Redis is asked. */
export type Judgement =
  | {
      readonly kind: 'refused';
      readonly outcome: 'unknown_tenant' | 'unknown_type' | 'invalid';
      readonly reason: string;
      readonly path?: string;
    }
  /** Only a known id can still change this answer. */
  | {
      readonly kind: 'forbidden';
      readonly verdict: RefusedEvent['verdict'];
      readonly reason: string;
      readonly entry: TenantEntry;
      readonly readings: readonly Reading[];
    }
  /** The ledger has no period or partition for it yet. */
  | { readonly kind: 'no_place'; readonly tenant: string; readonly throughMicros: EpochMicros }
  | {
      readonly kind: 'acceptable';
      readonly entry: TenantEntry;
      readonly usagePeriod: NamedPeriod;
      readonly accountingPeriod: NamedPeriod;
      readonly readings: readonly BoundedReading[];
    };

type Forbidden = Extract<Judgement, { kind: 'forbidden' }>;

/**
 * Judges one event with the catalogue of one snapshot: tenant, type, what is metered, then time and the tenant's state. Limits
 * and known ids are the script's.
 */
export function judgeEvent(context: JudgeContext, pending: PendingEvent): Judgement {
  const { snapshot, key } = context;
  const { event } = pending;
  const entry = tenantOfKey(snapshot, key, event.tenant);
  if (entry === undefined) {
    return { kind: 'refused', outcome: 'unknown_tenant', reason: `there is no tenant ${event.tenant}` };
  }
  const meters = metersAt(snapshot, event.type, event.occurredAtMicros);
  if (meters === undefined) {
    if (context.unknownTypes === 'keep') return judgeTime(context, entry, event, UNMETERED);
    const then = snapshot.meterSpans.has(event.type) ? ' of that time' : '';
    return {
      kind: 'refused',
      outcome: 'unknown_type',
      reason: `no meter takes events of the type ${event.type}${then}`,
    };
  }
  const read = readMeters(meters, event, snapshot.digestSecret);
  if ('fault' in read) return { kind: 'refused', outcome: 'invalid', ...read.fault };
  return judgeTime(context, entry, event, read.readings);
}

/** The readings of an event that is kept although no meter takes its type: none, and told apart from none by a filter. */
const UNMETERED: readonly Reading[] = [];

/** Whether a judged event is one that no meter takes and that is kept. */
export function isUnmetered({ readings }: { readonly readings: readonly Reading[] }): boolean {
  return readings === UNMETERED;
}

/** Judges an instant for a tenant whose readings are known: its time, the tenant's state, its periods, and the limits that hold then. */
export function judgeTime(
  context: JudgeContext,
  entry: TenantEntry,
  event: Pick<CheckedEvent, 'occurredAtMicros'>,
  readings: readonly Reading[],
): Judgement {
  const { nowMicros } = context;
  const at = event.occurredAtMicros;
  if (nowMicros - at > LATE_HORIZON_DAYS * MICROS_PER_DAY && !mayBackfill(context)) {
    return forbid(
      { entry, readings },
      'T',
      `more than ${LATE_HORIZON_DAYS} days old: use a key with the scope ingest:backfill`,
    );
  }
  if (at - nowMicros > EARLY_TOLERANCE_MINUTES * MICROS_PER_MINUTE) {
    return forbid(
      { entry, readings },
      'E',
      `more than ${EARLY_TOLERANCE_MINUTES} minutes ahead of the service's clock`,
    );
  }
  if (at < entry.billingStartMicros) return forbid({ entry, readings }, 'X', 'before the billing of the tenant began');
  if (entry.endsAtMicros !== null && at >= entry.endsAtMicros)
    return forbid({ entry, readings }, 'X', 'after the tenant has ended');
  const usagePeriod = context.periods.find(entry, at);
  if (usagePeriod === undefined) return forbid({ entry, readings }, 'X', 'outside the billing calendar of the tenant');
  if (usagePeriod.endMicros > entry.periodsThroughMicros || !hasPartition(context.snapshot, at)) {
    return { kind: 'no_place', tenant: entry.tenant.id, throughMicros: usagePeriod.endMicros };
  }
  const isSealed = usagePeriod.endMicros <= entry.gate.sealedThroughMicros;
  if (!isSealed) {
    const span = planSpanAt(entry, at);
    return {
      kind: 'acceptable',
      entry,
      usagePeriod,
      accountingPeriod: usagePeriod,
      readings: span === undefined ? readings : withRules(entry, span, readings),
    };
  }
  if (mayBackfill(context))
    return forbid(
      { entry, readings },
      'T',
      `its period from ${usagePeriod.start} is sealed and billed: history is not taken any more`,
    );
  // Late usage is billed with the first period that is still open, and stays outside its limits.
  const accountingPeriod = context.periods.find(entry, entry.gate.sealedThroughMicros);
  if (accountingPeriod === undefined)
    return forbid({ entry, readings }, 'X', 'the last period of the tenant is sealed');
  return { kind: 'acceptable', entry, usagePeriod, accountingPeriod, readings };
}

function mayBackfill({ key }: JudgeContext): boolean {
  return key.scopes.includes('ingest:backfill');
}

function forbid(
  { entry, readings }: Pick<Forbidden, 'entry' | 'readings'>,
  verdict: Forbidden['verdict'],
  reason: string,
): Forbidden {
  return { kind: 'forbidden', verdict, reason, entry, readings };
}

/** The readings with the rules that hold for them: the same list where there are none, as for most. */
function withRules(entry: TenantEntry, span: PlanSpan, readings: readonly Reading[]): readonly BoundedReading[] {
  let ruled: BoundedReading[] | undefined;
  for (let place = 0; place < readings.length; place += 1) {
    const reading = readings[place];
    if (reading === undefined) continue;
    const rules = rulesOfReading(entry, span, reading);
    if (rules === undefined) continue;
    ruled ??= [...readings];
    ruled[place] = { ...reading, ...rules };
  }
  return ruled ?? readings;
}
