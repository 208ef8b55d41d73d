import { InvalidArgumentError } from 'commander';

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
