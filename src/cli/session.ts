import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Command } from 'commander';

import { TollkeeperClient } from '../client/index.ts';
import { CliError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { plainText, renderTable } from './table.ts';

export const DEFAULT_URL = 'http://127.0.0.1:4400';
/** Where `tollkeeper start` keeps the first admin key, below the data folder. */
export const ADMIN_KEY_FILE = 'admin-key';
const DATA_FOLDER = '.tollkeeper';

/** Tries of an ordinary command: a person is waiting, and wants to know soon what is down. */
const ATTEMPTS_MAX = 3;

/** Waits shorter than this are not worth a line. */
const TOLD_WAIT_MS = 1_000;

/** Options every command has. */
export interface GlobalOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly json?: boolean;
}

/** Where this machine's data are. */
export function dataFolder(io: CliIo): string {
  return resolve(io.folder, io.environment['TOLLKEEPER_DATA_FOLDER'] || DATA_FOLDER);
}

/** The API key: from the option, the environment, or the file that `start` left in the data folder. */
function findApiKey(io: CliIo, option: string | undefined): string {
  const given = option ?? io.environment['TOLLKEEPER_API_KEY'];
  if (given !== undefined && given !== '') return given;
  const file = join(dataFolder(io), ADMIN_KEY_FILE);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const message = `no API key: give --api-key KEY, set TOLLKEEPER_API_KEY, or run this where ${DATA_FOLDER}/${ADMIN_KEY_FILE} is`;
    throw new CliError(message, undefined, error);
  }
}

/** The client of a command. @param attemptsMax how often a request is tried */
export function openClient(io: CliIo, command: Command, attemptsMax = ATTEMPTS_MAX): TollkeeperClient {
  const options = command.optsWithGlobals<GlobalOptions>();
  return new TollkeeperClient({
    url: options.url ?? (io.environment['TOLLKEEPER_URL'] || DEFAULT_URL),
    apiKey: findApiKey(io, options.apiKey),
    backOff: {
      attemptsMax,
      onRetry: (error, attempt, waitMs) => {
        if (waitMs < TOLD_WAIT_MS) return;
        const wait = `trying again in ${Math.round(waitMs / 1_000)} s (${attempt + 1} of ${attemptsMax})`;
        io.note(`${plainText(error.message)}; ${wait}\n`);
      },
    },
  });
}

/** One column of a printed list. */
export interface Column<T> {
  readonly title: string;
  readonly right?: boolean;
  readonly text: (row: T) => string;
}

/** Prints a list: as JSON where asked for, else as a table, or a sentence when there is nothing. */
export function printList<T>(
  io: CliIo,
  command: Command,
  rows: readonly T[],
  columns: readonly Column<T>[],
  nothing: string,
): void {
  if (command.optsWithGlobals<GlobalOptions>().json === true) return printJson(io, rows);
  if (rows.length === 0) return io.print(`${nothing}\n`);
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  io.print(`${renderTable(columns, cells)}\n`);
}

/** Prints one answer: as JSON where asked for, else as the text given. */
export function printAnswer(io: CliIo, command: Command, answer: unknown, text: string): void {
  if (command.optsWithGlobals<GlobalOptions>().json === true) printJson(io, answer ?? null);
  else io.print(`${plainText(text)}\n`);
}

/** Controls that JSON leaves as they are, and that a terminal may obey. */
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const LATE_CONTROLS = /[\u007f-\u009f]/g;

/** Prints indented JSON, the form programs read. */
export function printJson(io: CliIo, value: unknown): void {
  const json = JSON.stringify(value, null, 2).replace(
    LATE_CONTROLS,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  );
  io.print(`${json}\n`);
}
