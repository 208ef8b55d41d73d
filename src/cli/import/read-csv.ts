import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { CsvError, parse } from 'csv-parse';

import { CliError, EXIT_WRONG_INPUT } from '../cli-error.ts';

/** A row as it stands in the file. */
export interface CsvRow {
  /** The line of the file on which the row ends, from 1. */
  readonly line: number;
  /** One cell per column, as written. */
  readonly cells: readonly string[];
}

/** The first line of a file and what follows. */
export interface CsvFile {
  readonly columns: readonly string[];
  readonly rows: AsyncGenerator<CsvRow>;
}

const RECORD_CHARACTERS_MAX = 1_048_576;

/**
 * Reads a CSV file (RFC 4180; UTF-8, perhaps with a byte order mark) row by row, in constant memory. The last row needs no line end.
 * @throws CliError when it cannot be read, is empty, names a column twice, or a row has another number of cells
 */
export async function readCsv(file: string): Promise<CsvFile> {
  const records = readRecords(file);
  const head = await records.next();
  if (head.done === true) throw new CliError(`${file} is empty: its first line must name the columns`);
  const columns = head.value.cells.map((name) => name.trim());
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw new CliError(`${file}:1: the column ${JSON.stringify(twice)} is there twice: rename one`);
  return { columns, rows: records };
}

async function* readRecords(file: string): AsyncGenerator<CsvRow> {
  const parser = parse({ bom: true, info: true, skip_empty_lines: true, max_record_size: RECORD_CHARACTERS_MAX });
  const source = createReadStream(file);
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { line: info.lines, cells: record };
    }
  } catch (error) {
    throw readFault(file, error);
  } finally {
    source.destroy();
  }
}

/** Digest of a file's bytes. @throws CliError when it cannot be read or is not UTF-8 */
export async function digestFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      decoder.decode(chunk, { stream: true });
    }
    decoder.decode();
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new CliError(
        `${file} is not UTF-8: convert it first, such as with iconv -t utf-8`,
        EXIT_WRONG_INPUT,
        error,
      );
    }
    throw readFault(file, error);
  }
  return hash.digest('hex');
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there: check the path',
  EACCES: 'may not be read: check its permissions',
  EISDIR: 'is a folder: name a file',
};

/** Says why a file cannot be read, in one line. */
export function readFault(file: string, error: unknown): unknown {
  if (error instanceof CsvError) {
    const line = 'lines' in error && typeof error['lines'] === 'number' ? `:${error['lines']}` : '';
    return new CliError(`${file}${line}: not readable as CSV: ${error.message}`, EXIT_WRONG_INPUT, error);
  }
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (READ_FAULTS[code] === undefined) return error;
  return new CliError(`${file} ${READ_FAULTS[code]}`, EXIT_WRONG_INPUT, error);
}
