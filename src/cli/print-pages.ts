import type { Command } from 'commander';

import type { Page, PageQuery } from '../client/index.ts';
import { CliError, EXIT_FAILED } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { type Column, printList } from './session.ts';

/** A list of the service, and how it is shown. */
export interface Listing<T> {
  /** Entries that are printed at most. */
  readonly limit: number;
  readonly read: (page: PageQuery) => Promise<Page<T>>;
  readonly columns: readonly Column<T>[];
  /** The sentence for an empty list. */
  readonly nothing: string;
}

/** Entries of one request at most. */
const PAGE_MAX = 100;
/** Requests at most: a page may be shorter than was asked for. */
const PAGES_MAX = 10_000;

/** Prints a list page by page up to its limit, and says so when there is more. */
export async function printPages<T>(
  io: CliIo,
  command: Command,
  { limit, read, columns, nothing }: Listing<T>,
): Promise<void> {
  const { rows, isComplete } = await readUpTo(limit, read);
  printList(io, command, rows, columns, nothing);
  if (!isComplete) io.note(`more than ${limit}: see them with --limit\n`);
}

async function readUpTo<T>(limit: number, read: Listing<T>['read']): Promise<{ rows: T[]; isComplete: boolean }> {
  const rows: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data, nextCursor } = await read({ cursor, limit: Math.min(PAGE_MAX, limit - rows.length) });
    rows.push(...data);
    if (nextCursor === null) return { rows, isComplete: true };
    if (rows.length >= limit) return { rows: rows.slice(0, limit), isComplete: false };
    cursor = nextCursor;
  }
  throw new CliError(`the service has not come to the end of its list after ${PAGES_MAX} pages`, EXIT_FAILED);
}
