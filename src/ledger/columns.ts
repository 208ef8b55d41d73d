import type { EpochMicros } from '../domain/instant.ts';

/**
 * Array parameters written by hand: the driver escapes every element as text, which costs more than the insert for columns of
 * numbers and hex.
 */

/** A `bigint[]` literal of safe integers. */
export function integerColumn(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

/** A `bytea[]` literal of hex texts. */
export function byteColumn(hexTexts: readonly string[]): string {
  return hexTexts.length === 0 ? '{}' : `{"\\\\x${hexTexts.join('","\\\\x')}"}`;
}

/** SQL for an instant given as epoch microseconds: exact, because the product stays below 2^53. */
export function instantSql(integerSql: string): string {
  return `('epoch'::timestamptz + ${integerSql} * interval '1 microsecond')`;
}

/** SQL for the epoch microseconds of an instant; arrives as text. JavaScript dates would lose the microseconds. */
export function microsSql(instantColumn: string): string {
  return `(extract(epoch from ${instantColumn}) * 1000000)::bigint`;
}

/** Reads what `microsSql` gave. */
export function readMicros(text: string): EpochMicros {
  const micros = Number(text);
  if (!Number.isSafeInteger(micros)) throw new RangeError(`not an instant in microseconds: ${JSON.stringify(text)}`);
  return micros;
}
