import { MeterUnavailableError, RedisProfileError } from '../meter/meter-errors.ts';
import { recordUsage } from '../meter/record-usage.ts';
import type { UsageMeter } from '../meter/usage-meter.ts';
import type { Obstacle, ParcelOutcome } from './parcel-outcome.ts';
import { GroupBuilder } from './group-builder.ts';
import type { PendingEvent } from './judge-event.ts';
import { type AppliedGroup, fitsCall, growSize, nothingSent, type Parcel } from './plan-groups.ts';

/** What a queue works with. */
export interface ShardQueueOptions {
  readonly meter: UsageMeter;
  readonly shard: number;
  /** Told of every call that was applied, before its parcels are done. */
  readonly onApplied: (applied: AppliedGroup) => void;
}

/** Calls of one shard under way at once: while Redis works on one, the next is put together. */
const CALLS_AT_ONCE_MAX = 2;

/** Past this, events that wait for Redis are refused: a client that is told so can wait, a process whose memory ends cannot. */
const WAITING_EVENTS_MAX = 100_000;

interface WaitingParcel {
  readonly parcel: Parcel;
  readonly obstacles: Obstacle[];
  readonly left: PendingEvent[];
  readonly resolve: (outcome: ParcelOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts what requests of one turn of the event loop bring for a shard into one call of the script, so that single events cost
 * little more than batches. While calls are under way what comes meanwhile waits for the next one.
 */
export class ShardQueue {
  readonly #options: ShardQueueOptions;
  #waiting: WaitingParcel[] = [];
  #waitingEvents = 0;
  #callsUnderWay = 0;
  #isScheduled = false;

  constructor(options: ShardQueueOptions) {
    this.#options = options;
  }

  /** Sends a parcel. Rejects with `MeterUnavailableError` when a store does not do its part, or too much waits already. */
  send(parcel: Parcel): Promise<ParcelOutcome> {
    if (this.#waitingEvents + parcel.events.length > WAITING_EVENTS_MAX) {
      const { shard } = this.#options;
      return Promise.reject(
        new MeterUnavailableError(`${this.#waitingEvents} events wait for shard ${shard} already: Redis is too slow`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ parcel, obstacles: [], left: [], resolve, reject });
      this.#waitingEvents += parcel.events.length;
      this.#schedule();
    });
  }

  /** At the end of this turn, when the other requests that have come in have been read too. */
  #schedule(): void {
    if (this.#isScheduled || this.#callsUnderWay >= CALLS_AT_ONCE_MAX) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sendWaiting();
    });
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#callsUnderWay < CALLS_AT_ONCE_MAX) {
      const parcels = this.#takeNext();
      this.#callsUnderWay += 1;
      void this.#sendTogether(parcels).finally(() => {
        this.#callsUnderWay -= 1;
        if (this.#waiting.length > 0) this.#schedule();
      });
    }
  }

  /** The parcels that go into the next call: from the front, as many as fit, all judged by the same snapshot. */
  #takeNext(): WaitingParcel[] {
    const taken: WaitingParcel[] = [];
    const size = nothingSent();
    for (const waiting of this.#waiting) {
      const { parcel } = waiting;
      const first = taken[0]?.parcel;
      if (first !== undefined && (first.snapshot !== parcel.snapshot || !fitsCall(size, parcel.size))) break;
      taken.push(waiting);
      growSize(size, parcel.size);
    }
    this.#waiting = this.#waiting.slice(taken.length);
    this.#waitingEvents -= size.count;
    return taken;
  }

  async #sendTogether(parcels: readonly WaitingParcel[]): Promise<void> {
    try {
      await this.#sendUntilApplied(parcels);
    } catch (error) {
      for (const { reject } of parcels) reject(error);
      // Who waits behind a store that is away would learn the same, only later.
      if (error instanceof MeterUnavailableError || error instanceof RedisProfileError) this.#rejectWaiting(error);
      return;
    }
    for (const { resolve, obstacles, left } of parcels) resolve({ obstacles, left });
  }

  /**
   * Tenants whose gate is void or of another version are taken out, and the rest is sent again at once: no tenant waits for
   * another. Ends, since each time at least one tenant goes.
   */
  async #sendUntilApplied(parcels: readonly WaitingParcel[]): Promise<void> {
    const { meter, shard } = this.#options;
    const snapshot = parcels[0]?.parcel.snapshot;
    if (snapshot === undefined) return;
    const behind = new Set<string>();
    for (;;) {
      const builder = new GroupBuilder(shard, snapshot);
      for (const { parcel } of parcels) {
        for (const planned of parcel.events) {
          if (behind.size === 0 || !behind.has(planned.judgement.entry.tenant.id)) builder.add(planned);
        }
      }
      const planned = builder.build();
      if (planned.events.length + planned.refused.length === 0) return;
      const answer = await recordUsage(meter, planned.group);
      if (answer.kind === 'applied') {
        const applied: AppliedGroup = { planned, answer };
        this.#options.onApplied(applied);
        for (const { parcel } of parcels) parcel.onApplied?.(applied);
        return;
      }
      leaveBehind(parcels, answer, behind);
    }
  }

  #rejectWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingEvents = 0;
    for (const { reject } of waiting) reject(error);
  }
}

/** Gives the events of the tenants that an obstacle stops back to their parcels, and adds the tenants to those left behind. */
function leaveBehind(parcels: readonly WaitingParcel[], obstacle: Obstacle, behind: Set<string>): void {
  const tenants = tenantsOf(obstacle);
  const before = behind.size;
  const stopped = new Set<string>();
  for (const { parcel, left, obstacles } of parcels) {
    for (const { pending, judgement } of parcel.events) {
      const { id } = judgement.entry.tenant;
      if (behind.has(id) || tenants?.includes(id) === false) continue;
      stopped.add(id);
      left.push(pending);
      if (!obstacles.includes(obstacle)) obstacles.push(obstacle);
    }
  }
  for (const id of stopped) behind.add(id);
  if (behind.size === before) throw new Error(`the obstacle ${obstacle.kind} names no tenant of the call`);
}

/** The tenants that an obstacle stops; `undefined`: all of them. */
function tenantsOf(obstacle: Obstacle): readonly string[] | undefined {
  if (obstacle.kind === 'stale_catalogue') return undefined;
  return obstacle.kind === 'stale_gate' ? [obstacle.tenant] : obstacle.tenants;
}
