import { ByteWriter, TEXT_BYTES_PER_CHARACTER } from './byte-writer.ts';

/**
 * Array parameters in PostgreSQL's binary format: the driver sends a `Buffer` as it is, and escapes nothing. Each needs its
 * cast in the statement (`$1::timestamptz[]`), for the server takes the bytes for what the cast says.
 */

/** Ids of PostgreSQL's own types; they never change. */
const TYPE_IDS = { bigint: 20, text: 25, timestamptz: 1184, numeric: 1700, jsonb: 3802 } as const;

const HEAD_BYTES = 20;
const HAS_NULLS = 1;
/** More than the length and a number of a field. */
const FIELD_BYTES = 32;

type NumberType = 'bigint' | 'timestamptz';
type TextType = 'text' | 'numeric' | 'jsonb';

/** A `bigint[]` of safe integers, or a `timestamptz[]` of epoch microseconds. */
export function numberArray(type: NumberType, values: readonly (number | null)[]): Buffer {
  const writer = startArray(type, values.length);
  for (const value of values) {
    writer.reserve(FIELD_BYTES);
    if (value === null) writer.null();
    else writer[type](value);
  }
  return writer.bytes();
}

/** A `text[]`, a `numeric[]` of plain decimals or a `jsonb[]` of JSON texts. */
export function textArray(type: TextType, values: readonly (string | null)[]): Buffer {
  const writer = startArray(type, values.length);
  for (const value of values) {
    writer.reserve(FIELD_BYTES + (value?.length ?? 0) * TEXT_BYTES_PER_CHARACTER);
    if (value === null) writer.null();
    else writer[type](value);
  }
  return writer.bytes();
}

/** One dimension from 1 on; nulls are always allowed for. */
function startArray(type: NumberType | TextType, length: number): ByteWriter {
  const writer = new ByteWriter(HEAD_BYTES + length * FIELD_BYTES);
  const head = Buffer.alloc(HEAD_BYTES);
  [1, HAS_NULLS, TYPE_IDS[type], length, 1].forEach((value, index) => head.writeInt32BE(value, index * 4));
  writer.raw(head);
  return writer;
}
