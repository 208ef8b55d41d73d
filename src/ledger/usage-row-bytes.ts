import { ByteWriter, TEXT_BYTES_PER_CHARACTER } from './byte-writer.ts';
import { nearlyByTime } from './time-order.ts';
import { DIGEST_BYTES, type UsageRow } from './usage-row.ts';

/** A row as the hash chain covers it: all but the properties, which may be erased. */
export type ChainedRow = Omit<UsageRow, 'propertiesJson'>;

/** The shard and epoch that rows of one batch share. */
export interface RowSource {
  readonly shard: number;
  readonly epoch: number;
}

/** The columns of `usage_event` in the order of the bytes. The properties come last: what is before them is chained. */
export const USAGE_EVENT_COLUMNS =
  'occurred_at, tenant, id_digest, event_id, type, quantity, readings, content_digest, usage_period, accounting_period, ' +
  'shard, epoch, sequence, catalogue_version, accepted_at, properties';
const COLUMN_COUNT = 16;

/** More than all columns of a row that are no text. */
const FIXED_BYTES = 512;
const ROW_BYTES_GUESS = 400;
const PROPERTIES_BYTES_GUESS = 200;

/** What `copy … (format binary)` begins and ends with: its name, no flags, no extension; then no more rows. */
const COPY_HEAD = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const COPY_END = -1;

/** Rows of a batch in the two forms in which they leave the process. */
export interface RowBytes {
  /** For `copy usage_event (…) from stdin (format binary)`. */
  readonly copyBytes: Buffer;
  /** For the hash chain. */
  readonly chainBytes: Buffer;
}

/**
 * Writes rows once for both: the bytes that are hashed are the bytes that PostgreSQL is sent. It is sent them nearly in the order of
 * their instants.
 */
export function encodeRows(source: RowSource, rows: readonly UsageRow[]): RowBytes {
  const chain = new ByteWriter(rows.length * ROW_BYTES_GUESS + FIXED_BYTES);
  const properties = new ByteWriter(rows.length * PROPERTIES_BYTES_GUESS + FIXED_BYTES);
  // Where the two parts of each row end, one behind the other: a row is left while it is warm, and not looked at again.
  const ends = new Uint32Array(rows.length * 2 + 2);
  let place = 0;
  for (const row of rows) {
    writeChainedRow(chain, source, row);
    writeProperties(properties, row.propertiesJson);
    place += 2;
    ends[place] = chain.length;
    ends[place + 1] = properties.length;
  }
  const [chainBytes, propertiesBytes] = [chain.bytes(), properties.bytes()];
  const copy = new ByteWriter(chain.length + properties.length + rows.length * 2 + FIXED_BYTES);
  copy.raw(COPY_HEAD);
  for (const index of nearlyByTime(rows)) {
    const at = index * 2;
    copy.bareInt16(COLUMN_COUNT);
    copy.raw(chainBytes, ends[at], ends[at + 2]);
    copy.raw(propertiesBytes, ends[at + 1], ends[at + 3]);
  }
  copy.bareInt16(COPY_END);
  return { copyBytes: copy.bytes(), chainBytes };
}

function writeProperties(writer: ByteWriter, json: string | null): void {
  writer.reserve(FIXED_BYTES + (json?.length ?? 0) * TEXT_BYTES_PER_CHARACTER);
  if (json === null) writer.null();
  else writer.jsonb(json);
}

/**
 * Appends the bytes of a row that the hash chain covers: every column but the properties, in the order of
 * `USAGE_EVENT_COLUMNS`, each as PostgreSQL's binary format has it (length in four bytes, value). So it is unambiguous, and
 * equal columns give equal bytes. The properties are covered by the content digest.
 */
export function writeChainedRow(writer: ByteWriter, source: RowSource, row: ChainedRow): void {
  const { tenant, eventId, type, readingsJson } = row;
  const characters = tenant.length + eventId.length + type.length + readingsJson.length + row.quantity.length;
  writer.reserve(FIXED_BYTES + characters * TEXT_BYTES_PER_CHARACTER);
  writer.timestamptz(row.occurredAtMicros);
  writer.text(tenant);
  writer.bytea(row.digests, row.digestsStart, DIGEST_BYTES);
  writer.text(eventId);
  writer.text(type);
  writer.numeric(row.quantity);
  writer.jsonb(readingsJson);
  writer.bytea(row.digests, row.digestsStart + DIGEST_BYTES, DIGEST_BYTES);
  writer.timestamptz(row.usagePeriodMicros);
  writer.timestamptz(row.accountingPeriodMicros);
  writer.smallint(source.shard);
  writer.bigint(source.epoch);
  writer.bigint(row.sequence);
  writer.bigint(row.catalogueVersion);
  writer.timestamptz(row.acceptedAtMicros);
}
