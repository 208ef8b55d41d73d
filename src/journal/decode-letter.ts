import { parseJson } from '../domain/parse-json.ts';
import type { DeadLetterCase } from '../ledger/dead-letter-cases.ts';
import { textPart } from '../ledger/usage-row.ts';
import { decodeEntry } from './decode-entry.ts';
import { JournalDataError, type JournalRow } from './journal-entry.ts';

/** What the drain keeps: an entry that could not be read (`entryText`), or a row that could not be written (`rowText`). */
interface KeptText {
  readonly id?: unknown;
  readonly fields?: unknown;
  readonly idDigest?: unknown;
  readonly contentDigest?: unknown;
  readonly contributions?: unknown;
  readonly propertiesJson?: unknown;
}

const DIGEST_HEX = /^[0-9a-f]{32}$/;

/**
 * Reads what a dead letter keeps once more, with the program as it is now.
 *
 * @returns the events it stands for, in order of sequence
 * @throws JournalDataError saying what still cannot be read
 */
export function decodeLetter({
  journalText,
  firstSequence,
}: Pick<DeadLetterCase, 'journalText' | 'firstSequence'>): readonly JournalRow[] {
  const kept = parseKept(journalText);
  if (typeof kept.id === 'string' && Array.isArray(kept.fields)) {
    const fields = kept.fields.map((field) => Buffer.from(String(field), 'base64'));
    return decodeEntry(kept.id, fields, firstSequence).items.map((item) => {
      if (item.kind === 'poison') throw new JournalDataError(item.reason);
      return item.row;
    });
  }
  const { idDigest, contentDigest, propertiesJson, ...plain } = kept;
  if (!isDigest(idDigest) || !isDigest(contentDigest)) {
    throw new JournalDataError('it is neither an entry nor a row: it was kept by a version that could not replay it');
  }
  // The drain wrote it from a row that it had read.
  const row = plain as unknown as JournalRow;
  const properties = typeof propertiesJson === 'string' ? textPart(propertiesJson) : null;
  return [{ ...row, properties, digests: Buffer.from(idDigest + contentDigest, 'hex'), digestsStart: 0 }];
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST_HEX.test(value);
}

function parseKept(text: string): KeptText {
  try {
    const kept = parseJson(text);
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch (error) {
    throw new JournalDataError('what was kept is no JSON', { cause: error });
  }
}
