import type { JournalPosition } from '../ledger/journal-position.ts';
import type { RowSource } from '../ledger/usage-row-bytes.ts';
import { BATCH_EVENTS_MAX, type DrainContext } from './drain-context.ts';
import { type GatheredRows, RowGatherer } from './gather-rows.ts';
import type { JournalItem, JournalRow, PoisonItem } from './journal-entry.ts';
import { decodeEntries, type EntrySpan, type JournalEntries, readEntries } from './read-entries.ts';

/** Consecutive items of one epoch that follow a position, in the form in which the ledger is sent them. */
export interface JournalBatch extends EntrySpan {
  /** The position that the items follow. */
  readonly after: JournalPosition;
  readonly rows: GatheredRows;
  readonly poison: readonly PoisonItem[];
  /** All of them in order of sequence: dear, and asked for only to find out which one is at fault. */
  readonly items: () => readonly JournalItem[];
}

/** Reads what follows a position in the shard's stream, as `readEntries` does, and decodes it. */
export async function readBatch(
  context: Pick<DrainContext, 'redis' | 'journalKey' | 'shard'>,
  after: JournalPosition,
): Promise<JournalBatch | undefined> {
  const read = await readEntries(context, after);
  if (read === undefined) return undefined;
  const gatherer = new ItemGatherer(
    { shard: context.shard, epoch: read.epoch },
    Math.min(read.eventCount, BATCH_EVENTS_MAX),
  );
  const span = decodeEntries(read, (item) => gatherer.add(item));
  return { ...span, after, ...gatherer.gathered(() => itemsOf(read)) };
}

function itemsOf(read: JournalEntries): JournalItem[] {
  const items: JournalItem[] = [];
  decodeEntries(read, (item) => items.push(item));
  return items;
}

/** A batch with some of the items of another one, or with others in their place. */
export function batchOf(
  shard: number,
  span: EntrySpan & Pick<JournalBatch, 'after'>,
  items: readonly JournalItem[],
): JournalBatch {
  const gatherer = new ItemGatherer({ shard, epoch: span.epoch }, items.length);
  for (const item of items) gatherer.add(item);
  const { after, epoch, firstSequence, lastSequence, backlog } = span;
  return { after, epoch, firstSequence, lastSequence, backlog, ...gatherer.gathered(() => items) };
}

class ItemGatherer {
  readonly #rows: RowGatherer;
  readonly #poison: PoisonItem[] = [];

  constructor(source: RowSource, itemsGuess: number) {
    this.#rows = new RowGatherer(source, itemsGuess);
  }

  add(item: JournalItem): void {
    if (item.kind === 'row') this.#rows.add(item.row);
    else this.#poison.push(item);
  }

  gathered(items: () => readonly JournalItem[]): Pick<JournalBatch, 'rows' | 'poison' | 'items'> {
    return { rows: this.#rows.gathered(() => rowsAmong(items())), poison: this.#poison, items };
  }
}

function rowsAmong(items: readonly JournalItem[]): JournalRow[] {
  return items.flatMap((item) => (item.kind === 'row' ? [item.row] : []));
}
