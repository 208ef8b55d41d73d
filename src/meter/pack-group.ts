import { CounterTable, NO_BOUND, type TableCounter } from './counter-table.ts';
import { digestBytes, type DigestText } from './digests.ts';
import { eventsText, interpretationJson } from './journal-entry-json.ts';
import { HOLD_KEPT_MS } from './hold-bounds.ts';
import { gateKey, holdKey, holdsKey, idsKey, journalKey, shardKey } from './keys.ts';
import { packHeader } from './message-pack.ts';
import type { EventDigests, GroupEvent, UsageGroup } from './usage-group.ts';

/** A group as the script takes it: the forms are described at the head of `recordUsage.lua`. */
export interface PackedGroup {
  readonly keys: readonly string[];
  readonly arguments: readonly (string | Buffer)[];
  /** Names of the counters whose totals come back, in the order of the answer. */
  readonly toldCounters: readonly string[];
}

/** What the script is told beside the group. */
export interface PackingContext {
  readonly epoch: number;
  readonly bucket: number;
  readonly windowMs: number;
  readonly bucketIdsMax: number;
  readonly journalEventsMax: number;
  /** Whether the script says so, instead of refusing, when a hold has run out that a limit still counts. */
  readonly asksForDue: boolean;
}

/** Packs a group. The entry's own parts (interpretation, events) are the JSON that the journal keeps for ever. */
export function packGroup(group: UsageGroup, context: PackingContext): PackedGroup {
  const table = new CounterTable(group);
  const touched = touchCounters(group.events, table);
  const counters = table.number();
  const told = counters.filter((counter) => counter.name !== undefined);
  const { hashes } = table;
  const { shard } = group;
  const { digests, ids, allDiffer } = packDigests(group);
  const header = packHeader([
    String(context.epoch),
    group.catalogueVersion,
    context.bucket,
    context.windowMs,
    context.bucketIdsMax,
    context.journalEventsMax,
    allDiffer ? 1 : 0,
    group.tenants.flatMap((tenant) => [String(tenant.gateVersion), tenant.countedBy ?? '']),
    hashes.map((hash) => hash.gate),
    hashes.map((hash) => hash.windowMs),
    hashes.map((hash) => hash.counters.length),
    ...columnsOf(counters),
    told.map(({ number }) => number),
    counters.flatMap(({ number, held }) => (held === undefined ? [] : [number, held.number])),
    context.asksForDue ? 1 : 0,
    ...(group.settles === undefined ? ['', ''] : [group.settles.name, group.settles.quantity]),
    HOLD_KEPT_MS,
  ]);
  return {
    keys: [
      shardKey(shard),
      journalKey(shard),
      idsKey(shard, context.bucket - 1),
      idsKey(shard, context.bucket),
      idsKey(shard, context.bucket + 1),
      ...group.tenants.map((tenant) => gateKey(shard, tenant.id)),
      ...hashes.map(({ key }) => key),
      ...holdKeys(group),
    ],
    arguments: [
      header,
      digests,
      ids,
      packReadings(group.events, touched),
      group.refused.map((event) => event.verdict).join(''),
      interpretationJson(group),
      eventsText(group.events),
    ],
    toldCounters: told.map(({ name = '' }) => name),
  };
}

/** Those of the hold that is settled. */
function holdKeys({ shard, tenants: [tenant], settles }: UsageGroup): string[] {
  if (settles === undefined || tenant === undefined) return [];
  return [holdsKey(shard, tenant.id), holdKey(shard, tenant.id, settles.name)];
}

/** In the order of the script's locals. */
function columnsOf(counters: readonly TableCounter[]): (readonly (string | number)[])[] {
  return [
    counters.map(({ field }) => field),
    counters.map(({ kind }) => kind),
    unlessAll(
      NO_BOUND,
      counters.map(({ bound }) => bound),
    ),
    counters.map(({ change }) => change),
    unlessAll(
      0,
      counters.map(({ instant }) => instant),
    ),
  ];
}

/** Each value costs the script ten times what it costs here. */
function unlessAll(common: number, column: readonly number[]): readonly number[] {
  return column.every((value) => value === common) ? [] : column;
}

const COUNT_BYTES = 2;
const EVENT_HEAD_BYTES = COUNT_BYTES + 8;
const COUNTER_BYTES = 4;
const READING_BYTES = COUNTER_BYTES + 8;
const LITTLE_ENDIAN = true;

/** Which counters each reading of each event touches, all in one list in their order: a list per event would be most of the work. */
function touchCounters(events: readonly GroupEvent[], table: CounterTable): (readonly TableCounter[])[] {
  const touched: (readonly TableCounter[])[] = [];
  for (const event of events) {
    const { readings, meterIndexes } = event;
    for (let place = 0; place < readings.length; place += 1) {
      const reading = readings[place];
      if (reading !== undefined) touched.push(table.add(event, reading, meterIndexes[place] ?? 0));
    }
  }
  return touched;
}

/** @param touched of `touchCounters`, numbered: the script reads a pair of counter and value for each */
function packReadings(events: readonly GroupEvent[], touched: readonly (readonly TableCounter[])[]): Buffer {
  let pairs = 0;
  for (const counters of touched) pairs += counters.length;
  const packed = Buffer.allocUnsafe(events.length * EVENT_HEAD_BYTES + pairs * READING_BYTES);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let offset = 0;
  let place = 0;
  for (const { occurredAtMicros, readings } of events) {
    const head = offset;
    view.setFloat64(head + COUNT_BYTES, occurredAtMicros, LITTLE_ENDIAN);
    offset += EVENT_HEAD_BYTES;
    for (const { scaled } of readings) {
      for (const counter of touched[place] ?? []) {
        view.setUint32(offset, counter.number, LITTLE_ENDIAN);
        view.setFloat64(offset + COUNTER_BYTES, scaled, LITTLE_ENDIAN);
        offset += READING_BYTES;
      }
      place += 1;
    }
    view.setUint16(head, (offset - head - EVENT_HEAD_BYTES) / READING_BYTES, LITTLE_ENDIAN);
  }
  return packed;
}

/** Heads of texts of 16 and of 8 bytes in MessagePack. */
const [ID_HEAD, CONTENT_HEAD] = ['\u00b0', '\u00a8'];
const CONTENT_CHARACTERS = 8;

/**
 * The digests of all events; once more, as texts in MessagePack, their ids and behind them what is remembered of the contents that may be
 * accepted; and whether no id is twice in the group.
 */
function packDigests(group: UsageGroup): {
  readonly digests: Buffer;
  readonly ids: Buffer;
  readonly allDiffer: boolean;
} {
  let digests: DigestText = '';
  let ids: DigestText = '';
  const known = new Set<DigestText>();
  const add = ({ idDigest, contentDigest }: EventDigests): void => {
    digests += idDigest + contentDigest;
    ids += ID_HEAD + idDigest;
    known.add(idDigest);
  };
  group.events.forEach(add);
  group.refused.forEach(add);
  for (const { contentDigest } of group.events) ids += CONTENT_HEAD + contentDigest.slice(0, CONTENT_CHARACTERS);
  const allDiffer = known.size === group.events.length + group.refused.length;
  return { digests: digestBytes(digests), ids: digestBytes(ids), allDiffer };
}
