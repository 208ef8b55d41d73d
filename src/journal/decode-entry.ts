import { decodeEvent, type EntryContext } from './decode-event.ts';
import { decodeInterpretation, isCount, parseJson, requireArray } from './decode-interpretation.ts';
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
    return { epoch, lastSequence, ...decodeFields(fields, lastSequence) };
  } catch (error) {
    if (!(error instanceof JournalDataError)) throw error;
    const firstSequence = Math.min(fallbackFirstSequence, lastSequence);
    const poison: PoisonItem = {
      kind: 'poison',
      firstSequence,
      sequence: lastSequence,
      tenant: null,
      journalText: JSON.stringify({ id, fields: fields.map((field) => field.toString('base64')) }),
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
  lastSequence: number,
): { firstSequence: number; items: readonly JournalItem[] } {
  const version = requireText(fields, 'f');
  if (version !== JOURNAL_FORMAT_VERSION) {
    throw new JournalDataError(`format version ${version} is not ${JOURNAL_FORMAT_VERSION}`);
  }
  const firstSequence = requireWhole(fields, 's');
  const outcomes = requireText(fields, 'o');
  const events = requireArray(parseJson(requireText(fields, 'e'), 'field e'), 'field e');
  const taken = Array.from(outcomes).flatMap((outcome, place) => (outcome === ACCEPTED ? [place] : []));
  if (taken.length !== lastSequence - firstSequence + 1) {
    throw new JournalDataError(
      `${taken.length} events were accepted, but the sequences ${firstSequence} to ${lastSequence} are given`,
    );
  }
  const digests = requireField(fields, 'd');
  const places = (taken.at(-1) ?? -1) + 1;
  if (events.length < places || digests.length < places * 2 * DIGEST_BYTES) {
    throw new JournalDataError(`an accepted event has no content or no digests`);
  }
  const context: EntryContext = {
    interpretation: decodeInterpretation(requireText(fields, 'i')),
    digestsHex: digests.toString('hex'),
    catalogueVersion: requireWhole(fields, 'c'),
    acceptedAtMicros: requireWhole(fields, 't'),
  };
  return {
    firstSequence,
    items: taken.map((place, index) => decodeItem(context, events[place], place, firstSequence + index)),
  };
}

function decodeItem(context: EntryContext, event: unknown, place: number, sequence: number): JournalItem {
  try {
    return { kind: 'row', sequence, row: decodeEvent(context, event, place, sequence) };
  } catch (error) {
    if (!(error instanceof JournalDataError)) throw error;
    return {
      kind: 'poison',
      firstSequence: sequence,
      sequence,
      tenant: tenantOf(context, event),
      journalText: JSON.stringify(event),
      reason: error.message,
    };
  }
}

function tenantOf(context: EntryContext, event: unknown): string | null {
  const periodIndex: unknown = Array.isArray(event) ? event[0] : undefined;
  const period = typeof periodIndex === 'number' ? context.interpretation.periods[periodIndex] : undefined;
  return period?.tenant ?? null;
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
