import { planSpanAt, type CatalogueSnapshot, type TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { EventResult } from '../domain/outcome.ts';
import type { Limit } from '../domain/plan.ts';
import type { GroupAnswer, UsageGroup } from '../meter/usage-group.ts';
import { judgeEvent, type JudgeContext, type Judgement, type PendingEvent } from './judge-event.ts';
import type { ShardFinder } from './shard-finder.ts';

/** An event that only its id or a limit can still refuse. */
export type Acceptable = Extract<Judgement, { kind: 'acceptable' }>;
/** An event that its time or its tenant forbids, unless its id is known. */
export type Forbidden = Extract<Judgement, { kind: 'forbidden' }>;

/** An event of a group with what its answer needs. */
export interface PlannedEvent<J> {
  readonly pending: PendingEvent;
  readonly judgement: J;
}

/** One call of the script, and whose events they are. */
export interface PlannedGroup {
  readonly group: UsageGroup;
  readonly events: readonly PlannedEvent<Acceptable>[];
  readonly refused: readonly PlannedEvent<Forbidden>[];
}

/** A call that was applied: whose events it had, and what the script said of them. */
export interface AppliedGroup {
  readonly planned: PlannedGroup;
  readonly answer: Extract<GroupAnswer, { kind: 'applied' }>;
}

/** What one request gives one shard at once: small enough for one call, in which it stays together. */
export interface Parcel {
  /** By which all of its events were judged. */
  readonly snapshot: CatalogueSnapshot;
  /** In the order of the request, at least one. */
  readonly events: readonly PlannedEvent<Acceptable | Forbidden>[];
  readonly size: CallSize;
  /** Told of the call that its events went with, after their answers are written. */
  readonly onApplied?: (applied: AppliedGroup) => void;
}

/** What is to be done for the events of a request. */
export interface Plan {
  /** By shard, in the order in which they must be sent. */
  readonly shards: ReadonlyMap<number, readonly Parcel[]>;
  /** Tenants for which the ledger lacks a period or partition, and the instant it must reach. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Events that wait for an extension. */
  readonly waiting: readonly PendingEvent[];
  /** Whether the catalogue refuses any: a newer one may not. */
  readonly isRefusing: boolean;
  /** The catalogue version that all of this rests on. */
  readonly judgedBy: number;
}

/** Events of one call of the script: it holds Redis for about half a millisecond. */
const CALL_EVENTS_MAX = 500;

/** Judges events, answers those that need no call, and sorts the others by shard. */
export function planGroups(context: JudgeContext, events: readonly PendingEvent[], shards: ShardFinder): Plan {
  const builders = new Map<number, ParcelBuilder>();
  const extensions = new Map<string, number>();
  const waiting: PendingEvent[] = [];
  let isRefusing = false;
  for (const pending of events) {
    const judgement = judgeEvent(context, pending);
    if (judgement.kind === 'refused') {
      isRefusing = true;
      pending.answers[pending.place] = refusedResult(pending, judgement);
    } else if (judgement.kind === 'no_place') {
      extensions.set(judgement.tenant, Math.max(judgement.throughMicros, extensions.get(judgement.tenant) ?? 0));
      waiting.push(pending);
    } else {
      const shard = shards.find(judgement.entry);
      let builder = builders.get(shard);
      if (builder === undefined) builders.set(shard, (builder = new ParcelBuilder(context.snapshot)));
      builder.add({ pending, judgement });
    }
  }
  const parcels = new Map<number, readonly Parcel[]>();
  for (const [shard, builder] of builders) parcels.set(shard, builder.parcels);
  return { shards: parcels, extensions, waiting, isRefusing, judgedBy: context.snapshot.version };
}

function refusedResult(pending: PendingEvent, refusal: Extract<Judgement, { kind: 'refused' }>): EventResult {
  const { outcome, reason, path } = refusal;
  return { id: pending.event.id, outcome, reason, ...(path !== undefined && { path }) };
}

/** A parcel that is still being filled. */
interface OpenParcel extends Parcel {
  readonly events: PlannedEvent<Acceptable | Forbidden>[];
  readonly size: GrowingSize;
}

class ParcelBuilder {
  readonly parcels: Parcel[] = [];
  readonly #snapshot: CatalogueSnapshot;
  #open: OpenParcel;

  constructor(snapshot: CatalogueSnapshot) {
    this.#snapshot = snapshot;
    this.#open = this.#begin();
  }

  add(planned: PlannedEvent<Acceptable | Forbidden>): void {
    const size = sizeOf(planned);
    if (this.#open.events.length > 0 && !fitsCall(this.#open.size, size)) this.#open = this.#begin();
    this.#open.events.push(planned);
    growSize(this.#open.size, size);
  }

  #begin(): OpenParcel {
    const parcel: OpenParcel = { snapshot: this.#snapshot, events: [], size: nothingSent() };
    this.parcels.push(parcel);
    return parcel;
  }
}

/** The limits that bound a tenant's events; `null`: none do. */
type PlanLimits = readonly Limit[] | null;

/** What matters of a parcel or a call when another one is to go with it. */
export interface CallSize {
  readonly count: number;
  /** Of all that the events count, scaled. */
  readonly sum: number;
  /** Of tenants whose plan changes along their timeline: by which plan's limits their events are judged. */
  readonly limits: ReadonlyMap<TenantEntry, PlanLimits>;
}

/** The size of a call that is still being filled. */
export interface GrowingSize extends CallSize {
  count: number;
  sum: number;
  limits: CallSize['limits'];
}

const NO_LIMITS: CallSize['limits'] = new Map();

/** A call without events. */
export function nothingSent(): GrowingSize {
  return { count: 0, sum: 0, limits: NO_LIMITS };
}

function sizeOf({ pending, judgement }: PlannedEvent<Acceptable | Forbidden>): CallSize {
  if (judgement.kind !== 'acceptable') return ONE_REFUSED;
  const { entry, readings, usagePeriod, accountingPeriod } = judgement;
  let sum = 0;
  for (const { scaled } of readings) sum += scaled;
  // Late usage is under no limit and in counters of its own.
  if (entry.plans.length < 2 || usagePeriod !== accountingPeriod) return { count: 1, sum, limits: NO_LIMITS };
  const limits = planSpanAt(entry, pending.event.occurredAtMicros)?.plan.limits ?? [];
  return { count: 1, sum, limits: new Map([[entry, limits.length === 0 ? null : limits]]) };
}

const ONE_REFUSED: CallSize = { count: 1, sum: 0, limits: NO_LIMITS };

/** Adds to a size in place, because every event does. */
export function growSize(size: GrowingSize, more: CallSize): void {
  size.count += more.count;
  size.sum += more.sum;
  if (more.limits.size > 0) size.limits = new Map([...size.limits, ...more.limits]);
}

/**
 * Whether one call can take more beside what it has. The script adds up what one call gives a counter in a double: the sum must
 * stay exact. The sum over all counters is a bound for each, and far below 2^53 but for the rarest of events. And a counter has one
 * bound in a call: events from before and after a change of the plan are judged by different ones.
 */
export function fitsCall(has: CallSize, more: CallSize): boolean {
  if (has.count + more.count > CALL_EVENTS_MAX || !Number.isSafeInteger(has.sum + more.sum)) return false;
  if (has.limits.size === 0) return true;
  for (const [entry, limits] of more.limits) {
    const held = has.limits.get(entry);
    if (held !== undefined && held !== limits) return false;
  }
  return true;
}
