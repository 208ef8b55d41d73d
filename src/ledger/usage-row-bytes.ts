import { ByteWriter, TEXT_BYTES_PER_CHARACTER } from './byte-writer.ts';
import { nearlyByTime } from './time-order.ts';
import { DIGEST_BYTES, type TextPart, type UsageRow } from './usage-row.ts';

/** A row as the hash chain covers it: all but the properties, which may be erased. */
export type ChainedRow = Omit<UsageRow, 'properties'>;

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
const CHAINED_BYTES_GUESS = 320;
/** More than the number of columns, a length and the version of JSON take. */
const ROW_HEAD_BYTES = 8;

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
 * their instants. A row is not looked at again once it was added.
 */
export class RowEncoder {
  readonly #source: RowSource;
  readonly #chain: ByteWriter;
  /** Where the chained bytes of each row end, from those of no row on. */
  #chainEnds: Uint32Array;
  #instants: Float64Array;
  readonly #properties: (TextPart | null)[] = [];
  #propertiesBytes = 0;
  #count = 0;

  /** @param rowsGuess how many rows are probably added; what is held grows when there are more */
  constructor(source: RowSource, rowsGuess: number) {
    this.#source = source;
    this.#chain = new ByteWriter(rowsGuess * CHAINED_BYTES_GUESS + FIXED_BYTES);
    this.#chainEnds = new Uint32Array(rowsGuess + 1);
    this.#instants = new Float64Array(rowsGuess);
  }

  add(row: UsageRow): void {
    if (this.#count === this.#instants.length) this.#grow();
    const { properties } = row;
    writeChainedRow(this.#chain, this.#source, row);
    this.#properties.push(properties);
    if (properties !== null) this.#propertiesBytes += properties.end - properties.start;
    this.#instants[this.#count] = row.occurredAtMicros;
    this.#count += 1;
    this.#chainEnds[this.#count] = this.#chain.length;
  }

  bytes(): RowBytes {
    const chainBytes = this.#chain.bytes();
    const copyLength = chainBytes.length + this.#propertiesBytes + this.#count * ROW_HEAD_BYTES;
    const copy = new ByteWriter(copyLength + FIXED_BYTES);
    copy.raw(COPY_HEAD);
    for (const place of nearlyByTime(this.#instants.subarray(0, this.#count))) {
      copy.bareInt16(COLUMN_COUNT);
      copy.raw(chainBytes, this.#chainEnds[place], this.#chainEnds[place + 1]);
      const properties = this.#properties[place] ?? null;
      if (properties === null) copy.null();
      else copy.jsonbPart(properties);
    }
    copy.bareInt16(COPY_END);
    return { copyBytes: copy.bytes(), chainBytes };
  }

  #grow(): void {
    const rowsMax = this.#count * 2 + 1;
    const [chainEnds, instants] = [this.#chainEnds, this.#instants];
    this.#chainEnds = new Uint32Array(rowsMax + 1);
    this.#instants = new Float64Array(rowsMax);
    this.#chainEnds.set(chainEnds);
    this.#instants.set(instants);
  }
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
