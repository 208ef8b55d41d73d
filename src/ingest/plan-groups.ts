import type { EventResult } from '../domain/outcome.ts';
import { shardOf } from '../meter/keys.ts';
import type {
  GroupEvent,
  GroupMeter,
  GroupPeriod,
  GroupTenant,
  RefusedEvent,
  UsageGroup,
} from '../meter/usage-group.ts';
import { judgeEvent, type JudgeContext, type Judgement, type PendingEvent } from './judge-event.ts';

/** An event that only its id or a limit can still refuse. */
export type Acceptable = Extract<Judgement, { kind: 'acceptable' }>;
type Forbidden = Extract<Judgement, { kind: 'forbidden' }>;

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

/** What is to be done for the events of a request. */
export interface Plan {
  /** Groups by shard, in the order in which they must be sent. */
  readonly shards: readonly (readonly PlannedGroup[])[];
  /** Answers that need no call, by place. */
  readonly settled: ReadonlyMap<number, EventResult>;
  /** Tenants for which the ledger lacks a period or partition, and the instant it must reach. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Events that wait for an extension. */
  readonly waiting: readonly PendingEvent[];
}

/** Judges events and groups them by shard: one call per shard, unless one call's sums would pass 2^53. */
export function planGroups(context: JudgeContext, events: readonly PendingEvent[], shardCount: number): Plan {
  const shards = new Map<number, GroupBuilder[]>();
  const settled = new Map<number, EventResult>();
  const extensions = new Map<string, number>();
  const waiting: PendingEvent[] = [];
  // A batch is mostly of one tenant: its shard is hashed once.
  const shardsOfTenants = new Map<string, number>();
  for (const pending of events) {
    const judgement = judgeEvent(context, pending);
    if (judgement.kind === 'refused') {
      settled.set(pending.place, refusedResult(pending, judgement));
    } else if (judgement.kind === 'no_place') {
      extensions.set(judgement.tenant, Math.max(judgement.throughMicros, extensions.get(judgement.tenant) ?? 0));
      waiting.push(pending);
    } else {
      const { tenant } = pending.event;
      const shard = shardsOfTenants.get(tenant) ?? shardOf(tenant, shardCount);
      shardsOfTenants.set(tenant, shard);
      const builders = shards.get(shard) ?? [new GroupBuilder(shard, context.snapshot.version)];
      shards.set(shard, builders);
      addToLast(builders, pending, judgement);
    }
  }
  return {
    shards: [...shards.values()].map((builders) => builders.map((b) => b.build())),
    settled,
    extensions,
    waiting,
  };
}

function refusedResult(pending: PendingEvent, refusal: Extract<Judgement, { kind: 'refused' }>): EventResult {
  const { outcome, reason, path } = refusal;
  return { id: pending.event.id, outcome, reason, ...(path !== undefined && { path }) };
}

function addToLast(builders: GroupBuilder[], pending: PendingEvent, judgement: Acceptable | Forbidden): void {
  let last = builders.at(-1);
  if (last === undefined || (judgement.kind === 'acceptable' && !last.hasRoom(judgement))) {
    const first = builders[0];
    if (first === undefined) throw new Error('a shard has at least one group');
    last = first.next();
    builders.push(last);
  }
  if (judgement.kind === 'acceptable') last.add({ pending, judgement });
  else last.refuse({ pending, judgement });
}

/** Numbers things as they first appear. */
class Numbering<T> {
  readonly items: T[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(name: string, make: () => T): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.items.length);
    this.items.push(make());
    return this.items.length - 1;
  }
}

class GroupBuilder {
  readonly #shard: number;
  readonly #catalogueVersion: number;
  readonly #tenants = new Numbering<GroupTenant>();
  readonly #periods = new Numbering<GroupPeriod>();
  readonly #meters = new Numbering<GroupMeter>();
  #sum = 0;
  readonly #groupEvents: GroupEvent[] = [];
  readonly #groupRefused: RefusedEvent[] = [];
  readonly #events: PlannedEvent<Acceptable>[] = [];
  readonly #refused: PlannedEvent<Forbidden>[] = [];

  constructor(shard: number, catalogueVersion: number) {
    this.#shard = shard;
    this.#catalogueVersion = catalogueVersion;
  }

  next(): GroupBuilder {
    return new GroupBuilder(this.#shard, this.#catalogueVersion);
  }

  /**
   * The script adds up what one call gives a counter in a double: the sum must stay exact. The sum over all counters is a bound
   * for each, and far below 2^53 but for the rarest of events.
   */
  hasRoom(judgement: Acceptable): boolean {
    return this.#events.length === 0 || Number.isSafeInteger(this.#sum + sumOf(judgement));
  }

  add(planned: PlannedEvent<Acceptable>): void {
    const { pending, judgement } = planned;
    const { event } = pending;
    this.#sum += sumOf(judgement);
    this.#events.push(planned);
    this.#groupEvents.push({
      periodIndex: this.#periodNumber(judgement),
      id: pending.ledgerId,
      type: event.type,
      occurredAtMicros: event.occurredAtMicros,
      quantity: event.quantity,
      properties: event.properties,
      idDigest: pending.idDigest,
      contentDigest: pending.contentDigest,
      readings: judgement.readings.map(({ meter, ...reading }) => ({
        ...reading,
        meterIndex: this.#meters.numberOf(meter.key, () => ({
          key: meter.key,
          scale: meter.scale,
          aggregation: meter.aggregation,
        })),
      })),
    });
  }

  refuse(planned: PlannedEvent<Forbidden>): void {
    const { idDigest, contentDigest } = planned.pending;
    this.#refused.push(planned);
    this.#groupRefused.push({ idDigest, contentDigest, verdict: planned.judgement.verdict });
    // The verdict rests on this tenant's gate, so the script compares its version too.
    this.#tenantNumber(planned.judgement);
  }

  #tenantNumber({ entry }: Acceptable | Forbidden): number {
    return this.#tenants.numberOf(entry.tenant.id, () => ({ id: entry.tenant.id, gateVersion: entry.gate.version }));
  }

  #periodNumber(judgement: Acceptable): number {
    const { entry, usagePeriod, accountingPeriod } = judgement;
    const tenantIndex = this.#tenantNumber(judgement);
    return this.#periods.numberOf(`${tenantIndex}|${usagePeriod.start}|${accountingPeriod.start}`, () => ({
      tenantIndex,
      usageStart: usagePeriod.start,
      accountingStart: accountingPeriod.start,
      timeZone: entry.tenant.timeZone,
    }));
  }

  build(): PlannedGroup {
    return {
      events: this.#events,
      refused: this.#refused,
      group: {
        shard: this.#shard,
        catalogueVersion: this.#catalogueVersion,
        tenants: this.#tenants.items,
        periods: this.#periods.items,
        meters: this.#meters.items,
        events: this.#groupEvents,
        refused: this.#groupRefused,
      },
    };
  }
}

function sumOf({ readings }: Acceptable): number {
  return readings.reduce((sum, { scaled }) => sum + scaled, 0);
}
