import { createHash } from 'node:crypto';

import { CliError } from '../cli-error.ts';

const DIGEST_BYTES = 16;
/** A JavaScript map holds a little more than 16 million entries. */
const DISTINCT_ROWS_MAX = 16_000_000;

/**
 * Names every row of a file: a digest of its event type and all of its cells, plus its ordinal among equal rows. The same file gives
 * the same ids whenever it is read, so a repeat is all duplicates; equal rows are still counted each. The order of columns does
 * not matter. All cells take part, also those that are not mapped: they may be what tells two rows apart, and the same file with
 * another mapping is a `conflict`, not a second bill.
 */
export class RowIdentity {
  readonly #type: string;
  readonly #order: readonly number[];
  readonly #columns: readonly string[];
  readonly #seen = new Map<string, number>();

  constructor(type: string, columns: readonly string[]) {
    this.#type = type;
    this.#columns = columns;
    this.#order = columns
      .map((_, index) => index)
      .toSorted((a, b) => ((columns[a] ?? '') < (columns[b] ?? '') ? -1 : 1));
  }

  /** The id of the next row. Every row of the file must pass here, in order, also those that are not sent. */
  idOf(cells: readonly string[]): string {
    const hash = createHash('sha256');
    const parts = [this.#type, ...this.#order.flatMap((index) => [this.#columns[index] ?? '', cells[index] ?? ''])];
    // JSON sets the parts apart without doubt: ["a","bc"] and ["ab","c"] differ.
    const digest = hash.update(JSON.stringify(parts)).digest().subarray(0, DIGEST_BYTES);
    const key = digest.toString('latin1');
    const ordinal = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, ordinal);
    if (this.#seen.size > DISTINCT_ROWS_MAX) {
      throw new CliError(
        `the file has more than ${DISTINCT_ROWS_MAX} distinct rows: split it by time and import the parts`,
      );
    }
    return `import-${digest.toString('hex')}-${ordinal}`;
  }
}
