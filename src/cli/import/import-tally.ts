import type { EventResult } from '../../client/index.ts';
import { isTaken } from '../../client/index.ts';

/** A row that is not in the books, and why. */
export interface RefusedRow {
  readonly line: number;
  readonly outcome: string;
  readonly reason: string;
}

/** How many refused rows are told one by one. */
const REFUSED_ROWS_SHOWN = 10;

/** What an import has done so far. Plain JSON, for it is kept between runs. */
export interface ImportTally {
  /** Rows of the file that are done, sent or refused. */
  rows: number;
  /** How often each outcome came. */
  outcomes: Record<string, number>;
  /** Rows that are not in the books. */
  refused: number;
  /** The first of them. */
  refusedRows: RefusedRow[];
}

/** A tally of nothing. */
export function emptyTally(): ImportTally {
  return { rows: 0, outcomes: {}, refused: 0, refusedRows: [] };
}

/** Adds one answered row. */
export function addResult(tally: ImportTally, line: number, result: EventResult): void {
  tally.rows += 1;
  tally.outcomes[result.outcome] = (tally.outcomes[result.outcome] ?? 0) + 1;
  if (isTaken(result)) return;
  tally.refused += 1;
  if (tally.refusedRows.length >= REFUSED_ROWS_SHOWN) return;
  const place = result.path === undefined ? '' : `${result.path}: `;
  tally.refusedRows.push({ line, outcome: result.outcome, reason: `${place}${result.reason ?? 'no reason given'}` });
}
