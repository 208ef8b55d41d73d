import { formatPosition, type JournalPosition } from '../ledger/journal-position.ts';
import { decodeEntry, type EntryFields, firstSequenceOf, parseEntryId } from './decode-entry.ts';
import { BATCH_EVENTS_MAX, type DrainContext } from './drain-context.ts';
import type { JournalItem } from './journal-entry.ts';

/** Consecutive entries of one epoch that follow a position, as they were read. */
export interface JournalEntries {
  /** The position that they follow. */
  readonly after: JournalPosition;
  readonly epoch: number;
  readonly entries: readonly StreamEntry[];
  /** How many events they say they have. What cannot be read may say anything. */
  readonly eventCount: number;
  /** Whether entries were left for the next batch. */
  readonly backlog: boolean;
}

/** From where to where entries go. */
export interface EntrySpan {
  readonly epoch: number;
  /** The first sequence that the journal has: above `after` + 1 when accepted events are missing. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly backlog: boolean;
}

type StreamEntry = readonly [id: Buffer, fields: EntryFields];

/** Entries in the first page; later pages follow from how many events the entries turned out to have. */
const FIRST_PAGE_ENTRIES = 64;
/** Entries in any page: small ones may be followed by such of a megabyte each, and a page is one answer of Redis. */
const PAGE_ENTRIES_MAX = 256;
/** Pages of one batch: at one event per entry they fill it. */
const PAGES_MAX = 40;
/** Past this no more entries are read for the batch: it is held in memory several times over while it is written. */
const BATCH_BYTES_MAX = 67_108_864;

/**
 * Reads what follows a position in the shard's stream: at most `BATCH_EVENTS_MAX` events (one entry is always taken whole), all of one
 * epoch. The position may lie inside an entry, when part of it was drained while poison was isolated.
 *
 * @returns `undefined` when nothing follows
 */
export async function readEntries(
  context: Pick<DrainContext, 'redis' | 'journalKey'>,
  after: JournalPosition,
): Promise<JournalEntries | undefined> {
  const { entries, eventCount, backlog } = await readPages(context, after);
  const first = entries[0];
  if (first === undefined) return undefined;
  return { after, epoch: parseEntryId(first[0].toString('latin1')).epoch, entries, eventCount, backlog };
}

/**
 * Decodes entries one after the other: no more than the items of one are held at a time. The answer is the same each time.
 *
 * @param take is given every item behind the position, in order of sequence
 * @returns what was decoded: less than the entries, with a backlog, where a gap lies between two of them. The next batch then begins with the
 *   gap, and reports it
 */
export function decodeEntries(
  { after, epoch, entries, backlog }: JournalEntries,
  take: (item: JournalItem) => void,
): EntrySpan {
  // A new epoch counts from 1.
  const startSequence = epoch === after.epoch ? after.sequence + 1 : 1;
  let nextSequence = startSequence;
  let firstSequence: number | undefined;
  for (const [id, fields] of entries) {
    const entry = decodeEntry(id.toString('latin1'), fields, nextSequence);
    if (firstSequence !== undefined && entry.firstSequence !== nextSequence) {
      return { epoch, firstSequence, lastSequence: nextSequence - 1, backlog: true };
    }
    firstSequence ??= Math.max(entry.firstSequence, startSequence);
    for (const item of entry.items) if (item.sequence >= startSequence) take(item);
    nextSequence = entry.lastSequence + 1;
  }
  return { epoch, firstSequence: firstSequence ?? startSequence, lastSequence: nextSequence - 1, backlog };
}

/** Pages through the stream until the batch is full, the epoch changes or the stream ends. */
async function readPages(
  { redis, journalKey }: Pick<DrainContext, 'redis' | 'journalKey'>,
  after: JournalPosition,
): Promise<Pick<JournalEntries, 'entries' | 'eventCount' | 'backlog'>> {
  const entries: StreamEntry[] = [];
  let cursor = formatPosition(after);
  let eventCount = 0;
  let bytes = 0;
  let pageEntries = FIRST_PAGE_ENTRIES;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = (await redis.xrangeBuffer(journalKey, `(${cursor}`, '+', 'COUNT', pageEntries)) as StreamEntry[];
    for (const entry of found) {
      const size = eventsIn(entry);
      if (entries.length > 0 && (eventCount + size > BATCH_EVENTS_MAX || isOtherEpoch(entry, entries[0]))) {
        return { entries, eventCount, backlog: true };
      }
      if (bytes >= BATCH_BYTES_MAX) return { entries, eventCount, backlog: true };
      entries.push(entry);
      eventCount += size;
      bytes += bytesIn(entry);
    }
    const last = found.at(-1);
    if (last === undefined || found.length < pageEntries) return { entries, eventCount, backlog: false };
    cursor = last[0].toString('latin1');
    const wanted = Math.ceil(((BATCH_EVENTS_MAX - eventCount) * entries.length) / eventCount);
    pageEntries = Math.min(Math.max(1, wanted), PAGE_ENTRIES_MAX);
  }
  return { entries, eventCount, backlog: true };
}

/** Events of an entry; an entry that does not say counts as one. */
function eventsIn([id, fields]: StreamEntry): number {
  const last = parseEntryId(id.toString('latin1')).sequence;
  return Math.max(1, last - (firstSequenceOf(fields) ?? last) + 1);
}

function bytesIn([, fields]: StreamEntry): number {
  let bytes = 0;
  for (const field of fields) bytes += field.length;
  return bytes;
}

function isOtherEpoch(entry: StreamEntry, first: StreamEntry | undefined): boolean {
  return first !== undefined && epochText(entry) !== epochText(first);
}

function epochText([id]: StreamEntry): string {
  const text = id.toString('latin1');
  return text.slice(0, text.indexOf('-'));
}
