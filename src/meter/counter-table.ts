import type { Aggregation } from '../domain/meter.ts';
import { boundField, boundKey, counterField, eventCountField, heldField, WINDOW_MS } from './keys.ts';
import {
  boundCounterName,
  heldCounterName,
  type GroupBound,
  type GroupEvent,
  type GroupReading,
  type UsageGroup,
} from './usage-group.ts';

/** One counter that a group may move, and what it takes if all events are accepted. */
export interface TableCounter {
  readonly field: string;
  readonly kind: CounterKind;
  /** The hard bound; -1 for none. */
  bound: number;
  /** Sum, maximum or latest value. */
  change: number;
  /** For a meter's own counter: the one of its number of events, which stands right behind it. */
  readonly eventCounter: TableCounter | undefined;
  /** What holds take of a total that is bounded hard; nothing is added to it here. */
  held: TableCounter | undefined;
  /** The time of the latest value; 0 for other kinds. */
  instant: number;
  /** The name under which its total is told; `undefined`: nobody asks for it. */
  name: string | undefined;
  /** From 1, in the order of the hashes: known when the table is complete. */
  number: number;
}

/** The counters that live in one Redis hash. */
export interface TableHash {
  readonly key: string;
  /** From 1, as Lua counts. */
  readonly gate: number;
  /** 0: a usage hash. */
  readonly windowMs: number;
  readonly counters: TableCounter[];
}

/** As `recordUsage.lua` describes them. */
export type CounterKind = 's' | 'm' | 'l' | 'n' | 'T' | 'M';

const OWN_KINDS: Readonly<Record<Aggregation, CounterKind>> = {
  count: 's',
  sum: 's',
  max: 'm',
  latest: 'l',
  unique: 'n',
};

/** Of a counter that has no hard bound. */
export const NO_BOUND = -1;

/** What one meter touches in one period: the same for all of its readings unless a bound is on a dimension. */
interface Touched {
  readonly bounds: readonly GroupBound[] | undefined;
  readonly counters: readonly TableCounter[];
}

/** The script reads and writes a hash in one command, which takes 8,000 arguments at most: what is more stands as a hash of its own. */
const HASH_COUNTERS_MAX = 2_000;

/** Finds the counters that the readings of a group touch, and adds up what each takes. */
export class CounterTable {
  readonly #group: UsageGroup;
  /** In the order of their first use. */
  readonly hashes: TableHash[] = [];
  readonly #hashes = new Map<string, TableHash>();
  readonly #counters = new Map<string, TableCounter>();
  readonly #touched: Touched[] = [];

  constructor(group: UsageGroup) {
    this.#group = group;
  }

  /** Adds a reading to the counters it touches, and answers which those are. */
  add(event: GroupEvent, reading: GroupReading, meterIndex: number): readonly TableCounter[] {
    const place = event.periodIndex * this.#group.meters.length + meterIndex;
    let touched = this.#touched[place];
    if (touched === undefined || touched.bounds !== reading.bounds) {
      touched = { bounds: reading.bounds, counters: this.#find(event.periodIndex, meterIndex, reading) };
      this.#touched[place] = touched;
    }
    for (const counter of touched.counters) take(counter, reading.scaled, event.occurredAtMicros);
    return touched.counters;
  }

  /** Numbers the counters hash by hash. Nothing may be added any more. */
  number(): readonly TableCounter[] {
    const counters = this.hashes.flatMap((hash) => hash.counters);
    counters.forEach((counter, index) => {
      counter.number = index + 1;
    });
    return counters;
  }

  #find(
    periodIndex: number,
    meterIndex: number,
    { bounds = [], isWatched = false }: GroupReading,
  ): readonly TableCounter[] {
    const { shard, periods, meters, tenants } = this.#group;
    const period = required(periods, periodIndex);
    const meter = required(meters, meterIndex);
    const tenant = required(tenants, period.tenantIndex);
    const { accountingStart, usageStart } = period;
    const place = { tenant: tenant.id, gate: period.tenantIndex + 1, accountingStart };
    const hashOf = ({ window }: Pick<GroupBound, 'window'>): TableHash =>
      this.#hash(boundKey(shard, tenant.id, { window, accountingStart }), place.gate, WINDOW_MS[window]);
    const find = (bound: Pick<GroupBound, 'window'>, field: string, kind: CounterKind): TableCounter =>
      this.#counter(hashOf(bound), field, kind);
    const own = find(
      { window: 'period' },
      counterField(meter.key, usageStart, accountingStart),
      OWN_KINDS[meter.aggregation],
    );
    const counters = [own];
    if (isWatched) own.name = boundCounterName(tenant.id, accountingStart, meter.key, { window: 'period' });
    for (const bound of bounds) {
      const isOwn = bound.window === 'period' && bound.valueDigest === undefined;
      const kind = meter.aggregation === 'max' ? 'M' : 'T';
      const counter = isOwn ? own : find(bound, boundField({ ...bound, meter: meter.key }), kind);
      counter.name = boundCounterName(tenant.id, accountingStart, meter.key, bound);
      if (kind === 'T') counter.held ??= newHeldCounter(hashOf(bound), counter);
      // A plan that changes within a group leaves two bounds on one counter: the smaller holds for the rest of the call.
      if (bound.isHard)
        counter.bound = counter.bound === NO_BOUND ? bound.scaled : Math.min(counter.bound, bound.scaled);
      if (!isOwn) counters.push(counter);
    }
    return counters;
  }

  #hash(key: string, gate: number, windowMs: number): TableHash {
    let hash = this.#hashes.get(key);
    if (hash === undefined || hash.counters.length >= HASH_COUNTERS_MAX) {
      hash = { key, gate, windowMs, counters: [] };
      this.#hashes.set(key, hash);
      this.hashes.push(hash);
    }
    return hash;
  }

  #counter(hash: TableHash, field: string, kind: CounterKind): TableCounter {
    const name = `${hash.key}/${field}`;
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      const eventCounter =
        kind === 'T' || kind === 'M' ? undefined : newCounter(eventCountField(field), 'T', undefined);
      counter = newCounter(field, kind, eventCounter);
      this.#counters.set(name, counter);
      hash.counters.push(counter);
      if (eventCounter !== undefined) hash.counters.push(eventCounter);
    }
    return counter;
  }
}

function newCounter(field: string, kind: CounterKind, eventCounter: TableCounter | undefined): TableCounter {
  const nothing = { bound: NO_BOUND, change: 0, held: undefined, instant: 0, name: undefined, number: 0 };
  return { field, kind, eventCounter, ...nothing };
}

/** Only read, never added to: its kind is one that the script leaves alone then. */
function newHeldCounter(hash: TableHash, { field, name = '' }: TableCounter): TableCounter {
  const held = newCounter(heldField(field), 'T', undefined);
  held.name = heldCounterName(name);
  hash.counters.push(held);
  return held;
}

/** As the script adds up: sums stay below 2^53, because ingest splits a group that would pass it. */
function take(counter: TableCounter, value: number, at: number): void {
  if (counter.eventCounter !== undefined) counter.eventCounter.change += 1;
  if (counter.kind === 's' || counter.kind === 'T') counter.change += value;
  else if (counter.kind === 'l') {
    if (at >= counter.instant) {
      counter.change = value;
      counter.instant = at;
    }
  } else if (value > counter.change) counter.change = value;
}

function required<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`the group names number ${index} of a list of ${list.length}`);
  return item;
}
