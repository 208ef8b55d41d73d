import { basename, join, resolve } from 'node:path';

import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import { BATCH_EVENTS_MAX } from '../../client/index.ts';
import { CliError, EXIT_FAILED } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { collectProperty } from '../import/column-mapping.ts';
import type { FileSurvey, ImportPlan } from '../import/import-file.ts';
import { importFile, resumeTally, surveyFile } from '../import/import-file.ts';
import { importProgress } from '../import/import-progress.ts';
import { importState } from '../import/import-state.ts';
import type { ImportTally } from '../import/import-tally.ts';
import { isTimeZone } from '../import/row-time.ts';
import type { GlobalOptions } from '../session.ts';
import { dataFolder, openClient, printJson } from '../session.ts';
import { plainText } from '../table.ts';

interface ImportOptions {
  readonly tenant: string;
  readonly type: string;
  readonly time: string;
  readonly zone: string;
  readonly property: Readonly<Record<string, string>>;
  readonly quantity?: string;
  readonly batchSize: number;
}

/** A restart of the service in the middle of a long import is waited for: about a minute in all. */
const ATTEMPTS_MAX = 12;

const EXAMPLE = `
Example:
  $ tollkeeper import requests.csv --tenant acme --type llm.request --time TIMESTAMP \\
      --property inputTokens=ContextTokens --property outputTokens=GeneratedTokens

Old events need a key with the scope ingest:backfill, and their period must not be sealed. The id of a row is its content
plus its ordinal among equal rows: importing the same file again is all duplicates, and a stopped import continues
when the same command is run again.`;

/** Adds `tollkeeper import`. */
export function addImportCommand(program: Command, io: CliIo): void {
  program
    .command('import')
    .summary('send the rows of a CSV file as events')
    .description('Sends the rows of a CSV file as events of one tenant. Safe to repeat.')
    .argument('<file>', 'the CSV file; its first line names the columns')
    .requiredOption('--tenant <id>', 'the tenant whose usage it is')
    .requiredOption('--type <type>', 'the event type of every row')
    .requiredOption('--time <column>', 'the column with the time of the event')
    .option('--zone <zone>', 'time zone of times that name none (IANA name)', 'UTC')
    .option('--property <name=column>', 'a property and the column it comes from; may be repeated', collectProperty, {})
    .option('--quantity <column>', 'the column with the quantity; without it every row counts 1')
    .option('--batch-size <rows>', `rows per request, 1 to ${BATCH_EVENTS_MAX}`, batchSize, BATCH_EVENTS_MAX)
    .addHelpText('after', EXAMPLE)
    .action(async (file: string, options: ImportOptions, command: Command) => {
      await runImport(io, file, options, command);
    });
}

function batchSize(text: string): number {
  const rows = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (rows >= 1 && rows <= BATCH_EVENTS_MAX) return rows;
  throw new InvalidArgumentError(`it must be a whole number from 1 to ${BATCH_EVENTS_MAX}.`);
}

async function runImport(io: CliIo, file: string, options: ImportOptions, command: Command): Promise<void> {
  if (!isTimeZone(options.zone)) {
    throw new CliError(`--zone ${options.zone} is not a time zone: use an IANA name such as UTC or Europe/Zurich`);
  }
  const plan: ImportPlan = {
    file: resolve(io.folder, file),
    frame: { tenant: options.tenant, type: options.type, zone: options.zone },
    mapping: { time: options.time, quantity: options.quantity, properties: options.property },
    batchRows: options.batchSize,
  };
  const client = openClient(io, command, ATTEMPTS_MAX);
  const survey = await surveyFile(plan);
  const state = importState(join(dataFolder(io), 'imports'), {
    digest: survey.digest,
    url: client.url,
    frame: plan.frame,
    mapping: plan.mapping,
  });
  const tally = await resumeTally(client, plan, state);
  if (tally.rows > 0)
    io.note(`continuing after row ${tally.rows} of ${survey.rowsTotal}, where the last run stopped\n`);
  const progress = importProgress(io, survey.rowsTotal, tally.rows, () => performance.now());
  await importFile(client, plan, survey, state, progress, tally);
  if (command.optsWithGlobals<GlobalOptions>().json === true) printJson(io, { file, ...tally });
  else io.print(summary(basename(file), survey, tally));
  if (tally.refused > 0) {
    throw new CliError(
      `${tally.refused} of ${survey.rowsTotal} rows were refused: mend them and import again`,
      EXIT_FAILED,
    );
  }
}

function summary(name: string, survey: FileSurvey, tally: ImportTally): string {
  const outcomes = Object.entries(tally.outcomes).toSorted(([, a], [, b]) => b - a);
  const counts = outcomes.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const lines = [`${name}: ${survey.rowsTotal} rows: ${counts === '' ? 'nothing to import' : counts}`];
  for (const row of tally.refusedRows) lines.push(`  line ${row.line}: ${row.outcome}: ${row.reason}`);
  if (tally.refused > tally.refusedRows.length) {
    lines.push(`  and ${tally.refused - tally.refusedRows.length} more`);
  }
  return `${lines.map(plainText).join('\n')}\n`;
}
