import { decodeEvent, type EntryContext, periodOf } from './decode-event.ts';
import { decodeInterpretation, isCount } from './decode-interpretation.ts';
import { EntryReadings } from './decode-readings.ts';
import { columnsOfOne, readEventColumns } from './event-columns.ts';
import {
  DIGEST_BYTES,
  JOURNAL_FORMAT_VERSION,
  JournalDataError,
  type JournalEntry,
  type JournalItem,
  type PoisonItem,
} from './journal-entry.ts';

/** Fields of a stream entry as Redis gives them in buffer mode: name, value, name, value, … */
export type EntryFields = readonly Buffer[];

/** The outcome character of an event that was taken. */
const ACCEPTED = 'A';
const ENTRY_ID = /^(\d{1,16})-(\d{1,16})$/;
const WHOLE_NUMBER = /^\d{1,16}$/;

/** Reads `<epoch>-<sequence>`. Throws `JournalDataError` when it is none: then nothing can be said about the stream. */
export function parseEntryId(id: string): { epoch: number; sequence: number } {
  const match = ENTRY_ID.exec(id);
  const epoch = Number(match?.[1]);
  const sequence = Number(match?.[2]);
  if (!isCount(epoch) || !isCount(sequence)) throw new JournalDataError(`not a journal entry id: ${id}`);
  return { epoch, sequence };
}

/**
 * Reads one entry of the stream. Pure: the entry carries its own interpretation. An event that cannot be read is a poison item
 * and leaves its neighbours unharmed; an entry that cannot be read at all is one poison item.
 *
 * @param id `<epoch>-<last sequence>`
 * @param fallbackFirstSequence what an unreadable entry is taken to begin with: the sequence after the one before
 */
export function decodeEntry(id: string, fields: EntryFields, fallbackFirstSequence: number): JournalEntry {
  const { epoch, sequence: lastSequence } = parseEntryId(id);
  try {
    return { epoch, lastSequence, ...decodeFields(fields, epoch, lastSequence) };
  } catch (error) {
    if (!(error instanceof JournalDataError)) throw error;
    const firstSequence = Math.min(fallbackFirstSequence, lastSequence);
    const poison: PoisonItem = {
      kind: 'poison',
      firstSequence,
      sequence: lastSequence,
      tenant: null,
      journalText: entryText(id, fields),
      reason: `the entry cannot be read: ${error.message}`,
    };
    return { epoch, firstSequence, lastSequence, items: [poison] };
  }
}

/** The sequence of an entry's first event, read without decoding the rest; `undefined` when the field is not there. */
export function firstSequenceOf(fields: EntryFields): number | undefined {
  const text = fieldOf(fields, 's')?.toString('latin1');
  return text !== undefined && WHOLE_NUMBER.test(text) ? Number(text) : undefined;
}

function decodeFields(
  fields: EntryFields,
  epoch: number,
  lastSequence: number,
): { firstSequence: number; items: readonly JournalItem[] } {
  const version = requireText(fields, 'f');
  if (version !== JOURNAL_FORMAT_VERSION) {
    throw new JournalDataError(`format version ${version} is not ${JOURNAL_FORMAT_VERSION}`);
  }
  const firstSequence = requireWhole(fields, 's');
  const taken = takenPlaces(requireText(fields, 'o'));
  if (taken.length !== lastSequence - firstSequence + 1) {
    throw new JournalDataError(
      `${taken.length} events were accepted, but the sequences ${firstSequence} to ${lastSequence} are given`,
    );
  }
  const columns = readEventColumns(requireField(fields, 'e'));
  const digests = requireField(fields, 'd');
  const places = (taken.at(-1) ?? -1) + 1;
  if (columns.eventCount < places || digests.length < places * 2 * DIGEST_BYTES) {
    throw new JournalDataError(`an accepted event has no content or no digests`);
  }
  const interpretation = decodeInterpretation(requireText(fields, 'i'));
  const context: EntryContext = {
    interpretation,
    columns,
    readings: new EntryReadings(interpretation, columns),
    digests,
    catalogueVersion: requireWhole(fields, 'c'),
    acceptedAtMicros: requireWhole(fields, 't'),
  };
  const alone = (place: number, sequence: number): string => entryOfOne(fields, context, place, { epoch, sequence });
  return {
    firstSequence,
    items: taken.map((place, index) => decodeItem(context, place, firstSequence + index, alone)),
  };
}

function takenPlaces(outcomes: string): number[] {
  const taken: number[] = [];
  for (let place = 0; place < outcomes.length; place += 1) if (outcomes[place] === ACCEPTED) taken.push(place);
  return taken;
}

function decodeItem(
  context: EntryContext,
  place: number,
  sequence: number,
  alone: (place: number, sequence: number) => string,
): JournalItem {
  try {
    return { kind: 'row', sequence, row: decodeEvent(context, place, sequence) };
  } catch (error) {
    if (!(error instanceof JournalDataError)) throw error;
    return {
      kind: 'poison',
      firstSequence: sequence,
      sequence,
      tenant: periodOf(context, place)?.tenant ?? null,
      journalText: alone(place, sequence),
      reason: error.message,
    };
  }
}

/** What a dead letter keeps of an event: an entry that holds it alone, in the form of an entry that cannot be read. */
function entryOfOne(
  fields: EntryFields,
  { columns, digests }: EntryContext,
  place: number,
  at: { epoch: number; sequence: number },
): string {
  const start = place * 2 * DIGEST_BYTES;
  const own: Readonly<Record<string, Buffer>> = {
    s: Buffer.from(String(at.sequence)),
    o: Buffer.from(ACCEPTED),
    d: digests.subarray(start, start + 2 * DIGEST_BYTES),
    e: Buffer.from(columnsOfOne(columns, place)),
  };
  const alone = fields.map((field, index) => {
    const name = index % 2 === 1 ? fields[index - 1]?.toString('latin1') : undefined;
    return (name === undefined ? undefined : own[name]) ?? field;
  });
  return entryText(`${at.epoch}-${at.sequence}`, alone);
}

/** An entry as a dead letter keeps it: `decodeEntry` reads it again after the fields were brought back from base64. */
function entryText(id: string, fields: EntryFields): string {
  return JSON.stringify({ id, fields: fields.map((field) => field.toString('base64')) });
}

function fieldOf(fields: EntryFields, name: string): Buffer | undefined {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index]?.toString('latin1') === name) return fields[index + 1];
  }
  return undefined;
}

function requireField(fields: EntryFields, name: string): Buffer {
  const value = fieldOf(fields, name);
  if (value === undefined) throw new JournalDataError(`the field ${name} is missing`);
  return value;
}

function requireText(fields: EntryFields, name: string): string {
  return requireField(fields, name).toString('utf8');
}

function requireWhole(fields: EntryFields, name: string): number {
  const text = requireText(fields, name);
  const value = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!isCount(value)) throw new JournalDataError(`the field ${name} is no whole number: ${JSON.stringify(text)}`);
  return value;
}
