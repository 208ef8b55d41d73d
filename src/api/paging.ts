import { type InstantText, parseInstant } from '../domain/instant.ts';
import { type ApiError, badRequest } from './api-error.ts';
import { PAGE_LIMIT_DEFAULT } from './read-query.ts';

/** A page of a list; `nextCursor` is `null` on the last one. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}

/** What a list route reads of its query. */
export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** The key of the last entry of the page before, from its cursor. @throws ApiError 400 for a cursor that was not made here */
export function readCursor(query: PageQuery, form: RegExp): string | null {
  if (query.cursor === undefined) return null;
  const key = Buffer.from(query.cursor, 'base64url').toString('utf8');
  if (form.test(key)) return key;
  throw notACursor();
}

/**
 * The cursor of a list in order of time: the instant and what follows it behind bars, `2026-11-01T00:00:00Z|alr_…`.
 *
 * @throws ApiError 400 for a cursor that was not made here
 */
export function readTimeCursor(query: PageQuery, form: RegExp): readonly [InstantText, ...string[]] | null {
  const key = readCursor(query, form);
  if (key === null) return null;
  const [instant = '', ...others] = key.split('|');
  if (parseInstant(instant) === undefined) throw notACursor();
  return [instant, ...others];
}

function notACursor(): ApiError {
  return badRequest('invalid_cursor', 'the cursor is not one that this list gave: start without one', 'cursor');
}

/** Cuts the entries, one more than the limit when there are more, to a page. @param keyOf the key that the next page starts after */
export function toPage<T>(entries: readonly T[], limit: number, keyOf: (entry: T) => string): Page<T> {
  const data = entries.slice(0, limit);
  const last = data.at(-1);
  const isLast = entries.length <= limit || last === undefined;
  return { data, nextCursor: isLast ? null : Buffer.from(keyOf(last), 'utf8').toString('base64url') };
}

/** How many rows the page may have: what was asked, else the default. */
export function limitOf(query: PageQuery): number {
  return query.limit ?? PAGE_LIMIT_DEFAULT;
}
