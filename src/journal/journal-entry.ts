import type { EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { Scale } from '../domain/quantity.ts';
import type { MeteredRow } from '../ledger/metered-row.ts';
import { contentDigestHex, idDigestHex, propertiesJson } from '../ledger/usage-row.ts';

/** The form of journal entries that this program reads (field `f`). */
export const JOURNAL_FORMAT_VERSION = '1';

/** Bytes per digest in the field `d`: for each event that of its id, then that of its content. */
export { DIGEST_BYTES } from '../ledger/usage-row.ts';

/** One accepted event as the journal carried it: an event row before it is booked. */
export interface JournalRow extends MeteredRow {
  /** Version of the tenant's gate that accepted it. */
  readonly gateVersion: number;
}

/** A row as a dead letter keeps it: JSON with its digests in hex and its properties as a text. */
export function rowText(row: JournalRow): string {
  const { digests: _digests, digestsStart: _digestsStart, properties: _properties, ...plain } = row;
  return JSON.stringify({
    ...plain,
    propertiesJson: propertiesJson(row),
    idDigest: idDigestHex(row),
    contentDigest: contentDigestHex(row),
  });
}

/** What cannot be read: one event, or a whole entry. It is set aside as a dead letter. */
export interface PoisonItem {
  readonly kind: 'poison';
  /** The sequences it stands for, both inclusive. */
  readonly firstSequence: number;
  readonly sequence: number;
  readonly tenant: string | null;
  readonly journalText: string;
  readonly reason: string;
}

/** A sequence whose event could be read. */
export interface RowItem {
  readonly kind: 'row';
  readonly sequence: number;
  readonly row: JournalRow;
}

/** What a journal entry consists of, in order of sequence and without gaps. */
export type JournalItem = RowItem | PoisonItem;

/** One entry of the stream, read. */
export interface JournalEntry {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly items: readonly JournalItem[];
}

/** Thrown inside decoding: the data are at fault, not a store. Never leaves the station: it becomes a dead letter. */
export class JournalDataError extends Error {
  override readonly name = 'JournalDataError';
}

/** The tables of an entry that its events point into. */
export interface Interpretation {
  readonly tenants: readonly { readonly id: string; readonly gate: number }[];
  readonly periods: readonly InterpretedPeriod[];
  readonly meters: readonly { readonly key: string; readonly scale: Scale; readonly aggregation: Aggregation }[];
}

/** A usage period and the accounting period that bills it, as ingest saw them under this gate version. */
export interface InterpretedPeriod {
  readonly tenant: string;
  readonly gateVersion: number;
  readonly usageStartMicros: EpochMicros;
  readonly accountingStartMicros: EpochMicros;
  readonly timeZone: string;
}
