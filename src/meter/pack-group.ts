import type { Aggregation } from '../domain/meter.ts';
import { counterField, gateKey, idsKey, journalKey, shardKey, usageKey } from './keys.ts';
import { digestBytes, type DigestText } from './digests.ts';
import { eventsJson, interpretationJson } from './journal-entry-json.ts';
import { limitedCounterName, type GroupEvent, type GroupReading, type UsageGroup } from './usage-group.ts';

/** A group as the script takes it: the forms are described at the head of `recordUsage.lua`. */
export interface PackedGroup {
  readonly keys: readonly string[];
  readonly arguments: readonly (string | Buffer)[];
  /** Names of the counters whose totals come back, in the order of the answer. */
  readonly limitedCounters: readonly string[];
}

/** What the script is told beside the group. */
export interface PackingContext {
  readonly epoch: number;
  readonly bucket: number;
  readonly windowMs: number;
  readonly bucketIdsMax: number;
  readonly journalEventsMax: number;
}

const KEYS_BEFORE_GATES = 5;
const EVENT_HEAD_BYTES = 9;
const READING_BYTES = 10;
const NO_LIMIT = -1;

const KINDS: Readonly<Record<Aggregation, string>> = { count: 's', sum: 's', max: 'm', latest: 'l', unique: 'n' };

/** Packs a group. The entry's own parts (interpretation, events) are the JSON that the journal keeps for ever. */
export function packGroup(group: UsageGroup, context: PackingContext): PackedGroup {
  const table = new CounterTable(group);
  const readings = packReadings(group.events, table);
  const { shard } = group;
  const keys = [
    shardKey(shard),
    journalKey(shard),
    idsKey(shard, context.bucket - 1),
    idsKey(shard, context.bucket),
    idsKey(shard, context.bucket + 1),
    ...group.tenants.map((tenant) => gateKey(shard, tenant.id)),
    ...table.usageKeys,
  ];
  const header = {
    epoch: String(context.epoch),
    catalogue: group.catalogueVersion,
    bucket: context.bucket,
    windowMs: context.windowMs,
    bucketMax: context.bucketIdsMax,
    journalMax: context.journalEventsMax,
    gates: group.tenants.map((tenant) => String(tenant.gateVersion)),
    counters: table.counters,
  };
  return {
    keys,
    arguments: [
      JSON.stringify(header),
      packDigests(group),
      readings,
      group.refused.map((event) => event.verdict).join(''),
      interpretationJson(group),
      eventsJson(group.events),
    ],
    limitedCounters: table.limitedCounters,
  };
}

type PackedCounter = readonly [usageKey: number, gate: number, field: string, kind: string, limit: number, hard: 0 | 1];

/** Numbers the counters of a group as its events first touch them, and the usage hashes they live in. */
class CounterTable {
  readonly counters: PackedCounter[] = [];
  readonly usageKeys: string[] = [];
  readonly limitedCounters: string[] = [];
  readonly #group: UsageGroup;
  readonly #counterNumbers = new Map<string, number>();
  readonly #usageNumbers = new Map<string, number>();

  constructor(group: UsageGroup) {
    this.#group = group;
  }

  /** From 1, as Lua counts. */
  counterNumber(event: GroupEvent, reading: GroupReading): number {
    const name = `${event.periodIndex}/${reading.meterIndex}`;
    const known = this.#counterNumbers.get(name);
    if (known !== undefined) return known;
    this.counters.push(this.#describe(event, reading));
    this.#counterNumbers.set(name, this.counters.length);
    return this.counters.length;
  }

  #describe(event: GroupEvent, reading: GroupReading): PackedCounter {
    const period = required(this.#group.periods, event.periodIndex);
    const meter = required(this.#group.meters, reading.meterIndex);
    const tenant = required(this.#group.tenants, period.tenantIndex);
    const key = usageKey(this.#group.shard, tenant.id, period.accountingStart);
    const field = counterField(meter.key, period.usageStart, period.accountingStart);
    const limit = reading.bounds?.find(({ window, valueDigest }) => window === 'period' && valueDigest === undefined);
    if (limit !== undefined) {
      this.limitedCounters.push(limitedCounterName(tenant.id, period.accountingStart, meter.key));
    }
    const place = KEYS_BEFORE_GATES + this.#group.tenants.length + this.#usageNumber(key);
    const bound = limit === undefined ? NO_LIMIT : limit.scaled;
    return [place, period.tenantIndex + 1, field, KINDS[meter.aggregation], bound, limit?.isHard === true ? 1 : 0];
  }

  #usageNumber(key: string): number {
    const known = this.#usageNumbers.get(key);
    if (known !== undefined) return known;
    this.usageKeys.push(key);
    this.#usageNumbers.set(key, this.usageKeys.length);
    return this.usageKeys.length;
  }
}

function packReadings(events: readonly GroupEvent[], table: CounterTable): Buffer {
  const bytes = events.reduce((sum, event) => sum + EVENT_HEAD_BYTES + event.readings.length * READING_BYTES, 0);
  const packed = Buffer.alloc(bytes);
  let offset = 0;
  for (const event of events) {
    offset = packed.writeUInt8(event.readings.length, offset);
    offset = packed.writeDoubleLE(event.occurredAtMicros, offset);
    for (const reading of event.readings) {
      offset = packed.writeUInt16LE(table.counterNumber(event, reading), offset);
      offset = packed.writeDoubleLE(reading.scaled, offset);
    }
  }
  return packed;
}

function packDigests(group: UsageGroup): Buffer {
  let packed: DigestText = '';
  for (const { idDigest, contentDigest } of group.events) packed += idDigest + contentDigest;
  for (const { idDigest, contentDigest } of group.refused) packed += idDigest + contentDigest;
  return digestBytes(packed);
}

function required<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`the group names number ${index} of a list of ${list.length}`);
  return item;
}
