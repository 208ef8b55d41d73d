import { createHash, createHmac } from 'node:crypto';

import type { Redis } from 'ioredis';

import { canonicalJson } from '../../src/domain/canonical.ts';
import type { JsonObject, JsonValue } from '../../src/domain/event.ts';
import { requireInstant, type InstantText } from '../../src/domain/instant.ts';
import type { Aggregation } from '../../src/domain/meter.ts';
import { eventsText } from '../../src/meter/journal-entry-json.ts';
import type { GroupEvent } from '../../src/meter/usage-group.ts';

/** A meter as journal entries name it. */
export interface JournalMeter {
  readonly key: string;
  readonly scale: number;
  readonly aggregation: Aggregation;
}

/** One event for `journalEntry`. What is left out is what most tests do not care about. */
export interface JournalEvent {
  readonly id: string;
  readonly tenant?: string;
  readonly gate?: number;
  readonly type?: string;
  readonly at: InstantText;
  readonly quantity?: string;
  readonly properties?: JsonObject;
  readonly usageStart?: InstantText;
  readonly accountingStart?: InstantText;
  readonly timeZone?: string;
  /** `[meter, value]` or `[meter, value, dimensions]`. */
  readonly readings?: readonly (
    readonly [JournalMeter, string] | readonly [JournalMeter, string, Readonly<Record<string, JsonValue>>]
  )[];
  /** What the script said of it; only `A` is in the journal's sequences. */
  readonly outcome?: string;
}

export const REQUESTS: JournalMeter = { key: 'requests', scale: 0, aggregation: 'count' };
export const TOKENS: JournalMeter = { key: 'tokens', scale: 3, aggregation: 'sum' };
export const PERIOD_START: InstantText = '2023-11-01T00:00:00Z';
const DIGEST_SECRET = Buffer.alloc(32, 7);

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** 16 bytes that name an id within a tenant. */
export function idDigest(tenant: string, id: string): Buffer {
  return createHash('sha256').update(lengthPrefixed(tenant)).update(lengthPrefixed(id)).digest().subarray(0, 16);
}

function contentDigest(event: JournalEvent): Buffer {
  const hmac = createHmac('sha256', DIGEST_SECRET);
  for (const part of [
    event.type ?? 'llm.request',
    event.quantity ?? '1',
    String(requireInstant(event.at)),
    canonicalJson(event.properties ?? null),
  ]) {
    hmac.update(lengthPrefixed(part));
  }
  return hmac.digest().subarray(0, 16);
}

/** Numbers the distinct values of a list by where they first appear. */
class Table<Value> {
  readonly values: Value[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(value: Value): number {
    const key = JSON.stringify(value);
    const index = this.#indexes.get(key) ?? this.values.push(value) - 1;
    this.#indexes.set(key, index);
    return index;
  }
}

/**
 * The fields of a journal entry exactly as `recordUsage` writes them, without Redis: name, value, name, value, …
 *
 * @param firstSequence of the entry's first accepted event
 */
export function journalFields(firstSequence: number, events: readonly JournalEvent[]): Buffer[] {
  const tenants = new Table<{ id: string; gate: number }>();
  const periods = new Table<[number, InstantText, InstantText, string]>();
  const meters = new Table<[string, number, Aggregation]>();
  const groupEvents = events.map((event): GroupEvent => {
    const usageStart = event.usageStart ?? PERIOD_START;
    const tenant = event.tenant ?? 'acme';
    const tenantIndex = tenants.indexOf({ id: tenant, gate: event.gate ?? 1 });
    const zone = event.timeZone ?? 'UTC';
    const { readings = [[REQUESTS, '1']] } = event;
    return {
      periodIndex: periods.indexOf([tenantIndex, usageStart, event.accountingStart ?? usageStart, zone]),
      id: event.id,
      type: event.type ?? 'llm.request',
      occurredAtMicros: requireInstant(event.at),
      quantity: event.quantity ?? '1',
      propertiesText: event.properties === undefined ? null : canonicalJson(event.properties),
      // The entry has them in a field of their own.
      idDigest: '',
      contentDigest: '',
      meterIndexes: readings.map(([meter]) => meters.indexOf([meter.key, meter.scale, meter.aggregation])),
      readings: readings.map(([, valueText, dimensions]) => ({
        valueText,
        scaled: 0,
        ...(dimensions === undefined ? {} : { dimensions }),
      })),
    };
  });
  const digests = events.flatMap((event) => [idDigest(event.tenant ?? 'acme', event.id), contentDigest(event)]);
  const fields: Record<string, string | Buffer> = {
    f: '1',
    c: '1',
    t: String(requireInstant('2023-11-16T12:00:00Z')),
    s: String(firstSequence),
    o: events.map((event) => event.outcome ?? 'A').join(''),
    d: Buffer.concat(digests),
    i: JSON.stringify({ tenants: tenants.values, periods: periods.values, meters: meters.values }),
    e: eventsText(groupEvents),
  };
  return Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
}

/** The id of an entry: its epoch and the sequence of its last accepted event. */
export function journalId(epoch: number, firstSequence: number, events: readonly JournalEvent[]): string {
  const accepted = events.filter((event) => (event.outcome ?? 'A') === 'A').length;
  return `${epoch}-${firstSequence + accepted - 1}`;
}

/** Appends one entry to a stream as `recordUsage` would. Answers the sequence of the entry's last event. */
export async function appendJournalEntry(
  redis: Redis,
  journalKey: string,
  { epoch, firstSequence, events }: { epoch: number; firstSequence: number; events: readonly JournalEvent[] },
): Promise<number> {
  const id = journalId(epoch, firstSequence, events);
  await redis.xadd(journalKey, id, ...journalFields(firstSequence, events));
  return Number(id.split('-')[1]);
}
