import type { EventInput, EventResult, TollkeeperClient } from '../../client/index.ts';
import { TollkeeperError } from '../../client/index.ts';
import { CliError } from '../cli-error.ts';
import type { ColumnMapping, ColumnPositions, EventFrame } from './column-mapping.ts';
import { eventOfRow, locateColumns } from './column-mapping.ts';
import type { ImportProgress } from './import-progress.ts';
import type { ImportState } from './import-state.ts';
import type { ImportTally } from './import-tally.ts';
import { addResult, emptyTally } from './import-tally.ts';
import { digestFile, readCsv } from './read-csv.ts';
import { RowIdentity } from './row-identity.ts';
import { occurredAtOf, TIME_FORMS } from './row-time.ts';

/** What to import. */
export interface ImportPlan {
  readonly file: string;
  readonly frame: EventFrame;
  readonly mapping: ColumnMapping;
  /** Rows per request. */
  readonly batchRows: number;
}

/** What is known of a file before anything of it is sent. */
export interface FileSurvey {
  readonly digest: string;
  readonly rowsTotal: number;
}

/**
 * Reads the whole file once without sending anything, so that a wrong column, a broken row or a wrong time format is told before the first
 * event is in the books.
 * @throws CliError naming file, line and cure
 */
export async function surveyFile(plan: ImportPlan): Promise<FileSurvey> {
  const digest = await digestFile(plan.file);
  const { columns, rows } = await readCsv(plan.file);
  const positions = locateColumns(plan.file, columns, plan.mapping);
  let rowsTotal = 0;
  for await (const { line, cells } of rows) {
    const time = cells[positions.time] ?? '';
    // A first time that cannot be read is a wrong column or format; a later one is a bad row, refused by itself.
    if (rowsTotal === 0 && occurredAtOf(time, plan.frame.zone) === undefined) {
      const place = `${plan.file}:${line}: column ${plan.mapping.time}: ${JSON.stringify(time)}`;
      throw new CliError(`${place} is not a time: it must be ${TIME_FORMS}`);
    }
    rowsTotal += 1;
  }
  return { digest, rowsTotal };
}

interface PendingRow {
  readonly line: number;
  /** What to send; or what was found without sending. */
  readonly event: EventInput | EventResult;
}

function pendingRow(
  plan: ImportPlan,
  positions: ColumnPositions,
  row: { line: number; cells: readonly string[] },
  id: string,
): PendingRow {
  const time = row.cells[positions.time] ?? '';
  const occurredAt = occurredAtOf(time, plan.frame.zone);
  if (occurredAt !== undefined) {
    return { line: row.line, event: eventOfRow(plan.frame, positions, row.cells, id, occurredAt) };
  }
  const reason = `${JSON.stringify(time)} is not a time in column ${plan.mapping.time}: it must be ${TIME_FORMS}`;
  return { line: row.line, event: { id, outcome: 'invalid', reason } };
}

/** Sends one batch and adds its results, in the order of the file. */
async function sendRows(client: TollkeeperClient, rows: readonly PendingRow[], tally: ImportTally): Promise<void> {
  const events = rows.flatMap(({ event }) => ('outcome' in event ? [] : [event]));
  const results = events.length === 0 ? [] : await client.sendEvents(events);
  let next = 0;
  for (const { line, event } of rows) {
    const result = 'outcome' in event ? event : results[next++];
    if (result === undefined) throw new Error('the client answered fewer results than events');
    addResult(tally, line, result);
  }
}

/** If not one row of the first batch found its tenant or type, the rest will not either: stop before asking thousands of times. */
function refuseWrongTarget(plan: ImportPlan, tally: ImportTally): void {
  for (const [outcome, what] of [
    ['unknown_tenant', `tenant ${plan.frame.tenant}`],
    ['unknown_type', `event type ${plan.frame.type}`],
  ] as const) {
    if (tally.outcomes[outcome] === tally.rows && tally.rows > 0) {
      throw new CliError(`${what} is not known to the service: apply a catalogue that has it, or check the spelling`);
    }
  }
}

/** All rows of the file in order, each with its id. Every row passes here, also one that is not sent: ordinals count them all. */
async function* readRows(plan: ImportPlan): AsyncGenerator<PendingRow> {
  const { columns, rows } = await readCsv(plan.file);
  const positions = locateColumns(plan.file, columns, plan.mapping);
  const identity = new RowIdentity(plan.frame.type, columns);
  for await (const row of rows) yield pendingRow(plan, positions, row, identity.idOf(row.cells));
}

/** Rows in groups of one request, those before `from` (counted from 0) left out. */
async function* readBatches(plan: ImportPlan, from: number): AsyncGenerator<PendingRow[]> {
  let batch: PendingRow[] = [];
  let rowNumber = 0;
  for await (const row of readRows(plan)) {
    rowNumber += 1;
    if (rowNumber <= from) continue;
    batch.push(row);
    if (batch.length < plan.batchRows) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * Whether the service still has what the kept state says it took: the last batch before that point is sent again, and none of it may be
 * new. A service that was set up anew or restored from a backup would otherwise lack those rows for ever.
 */
async function isStillThere(client: TollkeeperClient, plan: ImportPlan, kept: ImportTally): Promise<boolean> {
  for await (const batch of readBatches(plan, Math.max(0, kept.rows - plan.batchRows))) {
    const probe = emptyTally();
    await sendRows(client, batch.slice(0, kept.rows), probe);
    return (probe.outcomes['accepted'] ?? 0) === 0;
  }
  return false;
}

/** What an earlier run of this import did, if it was stopped and what it sent is still there; else nothing. */
export async function resumeTally(
  client: TollkeeperClient,
  plan: ImportPlan,
  state: ImportState,
): Promise<ImportTally> {
  const kept = state.load();
  return kept !== undefined && kept.rows > 0 && (await isStillThere(client, plan, kept)) ? kept : emptyTally();
}

/**
 * Imports a surveyed file: all rows in order, in batches, each under an id that the same file always gives. After each answered batch
 * the state is kept, so that the next run continues there; once complete it is removed.
 * @param tally what was done before; grows, and is the result
 * @throws CliError with exit code 1 when a batch could not be sent; what was sent is kept
 */
export async function importFile(
  client: TollkeeperClient,
  plan: ImportPlan,
  survey: FileSurvey,
  state: ImportState,
  progress: ImportProgress,
  tally: ImportTally,
): Promise<void> {
  try {
    for await (const batch of readBatches(plan, tally.rows)) {
      const isFirst = tally.rows === 0;
      await sendRows(client, batch, tally).catch((error: unknown) => {
        throw stoppedAt(tally, survey, error);
      });
      if (isFirst) refuseWrongTarget(plan, tally);
      state.save(tally);
      progress.show(tally);
    }
  } finally {
    progress.end();
  }
  state.remove();
}

function stoppedAt(tally: ImportTally, survey: FileSurvey, error: unknown): unknown {
  if (!(error instanceof TollkeeperError) || (error.status >= 400 && error.status < 500)) return error;
  const place = `stopped after ${tally.rows} of ${survey.rowsTotal} rows`;
  return new CliError(`${place}: ${error.message}; run the same command again to continue`, 1, error);
}
