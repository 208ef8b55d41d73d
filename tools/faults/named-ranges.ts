import type { Client } from 'pg';

/** An incident as the ledger keeps it. */
export interface IncidentRow {
  readonly kind: string;
  readonly shard: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Consecutive positions of one shard's epoch that an incident says are missing. */
export interface NamedRange {
  readonly shard: number;
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
}

/** Behind every sequence. */
const SEQUENCE_END = Number.MAX_SAFE_INTEGER;

function readPosition(text: unknown): { readonly epoch: number; readonly sequence: number } | undefined {
  const found = typeof text === 'string' ? /^(\d+)-(\d+)$/.exec(text) : null;
  return found === null ? undefined : { epoch: Number(found[1]), sequence: Number(found[2]) };
}

/** The ranges that an incident names: none where it names no loss. */
export function rangesOf({ shard, details }: IncidentRow): NamedRange[] {
  if (shard === null) return [];
  const { epoch, firstSequence: first, lastSequence: last } = details;
  if (typeof epoch === 'number' && typeof first === 'number' && typeof last === 'number') {
    return [{ shard, epoch, first, last }];
  }
  const [from, through] = [readPosition(details['firstMissing']), readPosition(details['lastMissing'])];
  if (from === undefined || through === undefined) return [];
  if (from.epoch === through.epoch) return [{ shard, epoch: from.epoch, first: from.sequence, last: through.sequence }];
  return [
    { shard, epoch: from.epoch, first: from.sequence, last: SEQUENCE_END },
    { shard, epoch: through.epoch, first: 1, last: through.sequence },
  ];
}

/** How many positions the ranges name in each shard; what several processes named counts once. */
export function namedByShard(ranges: readonly NamedRange[]): Map<number, number> {
  const inOrder = ranges.toSorted((a, b) => a.shard - b.shard || a.epoch - b.epoch || a.first - b.first);
  const named = new Map<number, number>();
  let before: NamedRange | undefined;
  for (const range of inOrder) {
    const isContinued = before?.shard === range.shard && before.epoch === range.epoch;
    const first = isContinued && before !== undefined ? Math.max(range.first, before.last + 1) : range.first;
    const last = isContinued && before !== undefined ? Math.max(range.last, before.last) : range.last;
    named.set(range.shard, (named.get(range.shard) ?? 0) + Math.max(0, range.last - first + 1));
    before = { ...range, last };
  }
  return named;
}

/** How many rows of the ledger lie where an incident says that nothing is: wanted to be 0, or the incident names too much. */
export async function rowsInRanges(database: Client, ranges: readonly NamedRange[]): Promise<number> {
  let found = 0;
  for (const { shard, epoch, first, last } of ranges) {
    const { rows } = await database.query<{ found: number }>(
      `
select count(*)::integer as found
from usage_event
where shard = $1::smallint and epoch = $2::bigint and sequence between $3::bigint and $4::bigint`,
      [shard, epoch, first, last],
    );
    found += rows[0]?.found ?? 0;
  }
  return found;
}
