import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { EventResult } from '../domain/outcome.ts';
import type { UsageGroup } from '../meter/usage-group.ts';
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

/** What one request gives one shard at once: small enough for one call, in which it stays together. */
export interface Parcel {
  /** By which all of its events were judged. */
  readonly snapshot: CatalogueSnapshot;
  /** In the order of the request, at least one. */
  readonly events: readonly PlannedEvent<Acceptable | Forbidden>[];
  /** The sum of all that its events count, scaled. */
  readonly sum: number;
}

/** What is to be done for the events of a request. */
export interface Plan {
  /** By shard, in the order in which they must be sent. */
  readonly shards: ReadonlyMap<number, readonly Parcel[]>;
  /** Tenants for which the ledger lacks a period or partition, and the instant it must reach. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Events that wait for an extension. */
  readonly waiting: readonly PendingEvent[];
}

/** Events of one call of the script: it holds Redis for about half a millisecond. */
export const CALL_EVENTS_MAX = 500;

/** Judges events, answers those that need no call, and sorts the others by shard. */
export function planGroups(context: JudgeContext, events: readonly PendingEvent[], shards: ShardFinder): Plan {
  const builders = new Map<number, ParcelBuilder>();
  const extensions = new Map<string, number>();
  const waiting: PendingEvent[] = [];
  for (const pending of events) {
    const judgement = judgeEvent(context, pending);
    if (judgement.kind === 'refused') {
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
  return { shards: parcels, extensions, waiting };
}

function refusedResult(pending: PendingEvent, refusal: Extract<Judgement, { kind: 'refused' }>): EventResult {
  const { outcome, reason, path } = refusal;
  return { id: pending.event.id, outcome, reason, ...(path !== undefined && { path }) };
}

/** A parcel that is still being filled. */
interface OpenParcel extends Parcel {
  readonly events: PlannedEvent<Acceptable | Forbidden>[];
  sum: number;
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
    const sum = planned.judgement.kind === 'acceptable' ? sumOf(planned.judgement) : 0;
    if (this.#open.events.length > 0 && !fitsCall(sizeOf(this.#open), { count: 1, sum })) this.#open = this.#begin();
    this.#open.events.push(planned);
    this.#open.sum += sum;
  }

  #begin(): OpenParcel {
    const parcel: OpenParcel = { snapshot: this.#snapshot, events: [], sum: 0 };
    this.parcels.push(parcel);
    return parcel;
  }
}

/** How much there is in a parcel or a call. */
export interface CallSize {
  readonly count: number;
  /** Of all that the events count, scaled. */
  readonly sum: number;
}

/** The size of a parcel. */
export function sizeOf({ events, sum }: Parcel): CallSize {
  return { count: events.length, sum };
}

/**
 * Whether one call can take more beside what it has. The script adds up what one call gives a counter in a double: the sum must
 * stay exact. The sum over all counters is a bound for each, and far below 2^53 but for the rarest of events.
 */
export function fitsCall(has: CallSize, more: CallSize): boolean {
  return has.count + more.count <= CALL_EVENTS_MAX && Number.isSafeInteger(has.sum + more.sum);
}

function sumOf({ readings }: Acceptable): number {
  let sum = 0;
  for (const { scaled } of readings) sum += scaled;
  return sum;
}
