import { InvalidArgumentError } from 'commander';

import type { Page } from '../client/index.ts';

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$/;
const LIMIT_MAX = 10_000;
export const LIMIT_DEFAULT = 100;

/** Reads an instant option; a bare date is its midnight in UTC. */
export function instantOption(text: string): string {
  if (!INSTANT.test(text)) throw new InvalidArgumentError('write it as 2026-11-20T10:30:00Z or 2026-11-20.');
  return text.length === 10 ? `${text}T00:00:00Z` : text;
}

/** Reads how many entries to print at most. */
export function limitOption(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`it must be a whole number from 1 to ${LIMIT_MAX}.`);
}

/** Entries of one request at most. */
const PAGE_MAX = 100;

/** Reads pages until there are `limit` entries or no more. @returns the entries and whether more were left */
export async function readUpTo<T>(
  limit: number,
  read: (page: { cursor: string | undefined; limit: number }) => Promise<Page<T>>,
): Promise<{ rows: T[]; more: boolean }> {
  const rows: T[] = [];
  let cursor: string | undefined;
  while (rows.length < limit) {
    const { data, nextCursor } = await read({ cursor, limit: Math.min(PAGE_MAX, limit - rows.length) });
    rows.push(...data);
    if (nextCursor === null) return { rows, more: false };
    cursor = nextCursor;
  }
  return { rows: rows.slice(0, limit), more: true };
}
