import type { Command } from 'commander';

import type { CounterDifferenceView, ShardWalkView } from '../../client/index.ts';
import { TollkeeperError } from '../../client/index.ts';
import { CliError, EXIT_WRONG_INPUT, ToldError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import type { Column } from '../session.ts';
import { type GlobalOptions, openClient, printJson } from '../session.ts';
import { groupDigits, renderTable } from '../table.ts';

const DIFFERENCE_COLUMNS: readonly Column<CounterDifferenceView>[] = [
  { title: 'tenant', text: ({ tenant }) => tenant },
  { title: 'period', text: ({ period }) => period },
  {
    title: 'meter',
    text: ({ meter, period, usagePeriod }) => (period === usagePeriod ? meter : `${meter}@${usagePeriod}`),
  },
  { title: 'figure', text: ({ figure }) => figure },
  { title: 'counter', right: true, text: ({ counter }) => counter ?? 'void' },
  { title: 'journal', right: true, text: ({ journal }) => journal },
  { title: 'rollup', right: true, text: ({ rollup }) => rollup },
  { title: 'daily', right: true, text: ({ dailyRollup }) => dailyRollup },
  { title: 'raw', right: true, text: ({ raw }) => raw },
  { title: 'set aside', right: true, text: ({ setAside }) => setAside },
  { title: 'drift', right: true, text: ({ drift }) => drift ?? '' },
  { title: 'unreadable', right: true, text: ({ unreadable }) => (unreadable === 0 ? '' : String(unreadable)) },
];

const SHARD_COLUMNS: readonly Column<ShardWalkView>[] = [
  { title: 'shard', right: true, text: ({ shard }) => String(shard) },
  { title: 'chain', text: ({ isWhole }) => (isWhole ? 'whole' : 'BROKEN') },
  { title: 'links', right: true, text: ({ links }) => groupDigits(links) },
  { title: 'rows', right: true, text: ({ rows }) => groupDigits(rows) },
  { title: 'tip', text: ({ tip }) => tip },
];

const EXIT_CODES = '\nExit codes: 0 everything agrees, 1 it does not, 2 it could not be checked.';

/** A check that did not come to its end says nothing: whoever relies on it must not take that for "they differ". */
async function checked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TollkeeperError)) throw error;
    throw new CliError(`could not be checked: ${error.message}`, EXIT_WRONG_INPUT, error);
  }
}

function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  return renderTable(
    columns,
    rows.map((row) => columns.map((column) => column.text(row))),
  );
}

async function verifyCounters(io: CliIo, command: Command, { tenant }: { tenant?: string }): Promise<void> {
  const differences: CounterDifferenceView[] = [];
  const result = await checked(async () => {
    for await (const line of openClient(io, command).verifyCounters({ tenant })) {
      if (line.difference !== undefined) differences.push(line.difference);
      if (line.progress !== undefined) {
        io.note(
          `${groupDigits(line.progress.tenants)} tenants, ${groupDigits(line.progress.compared)} counters compared\n`,
        );
      }
      if (line.result !== undefined) return line.result;
    }
    return undefined;
  });
  if (result === undefined) throw new CliError('could not be checked: the answer has no result', EXIT_WRONG_INPUT);
  const { isEqual, tenants, compared, voidTenants } = result;
  if (command.optsWithGlobals<GlobalOptions>().json === true) printJson(io, { ...result, data: differences });
  else {
    if (!isEqual) io.print(`${table(differences, DIFFERENCE_COLUMNS)}\n`);
    const voided = voidTenants === 0 ? '' : ` (counters of ${groupDigits(voidTenants)} tenants are void: ledger alone)`;
    const found = isEqual ? 'counters, journal and ledger agree' : `${groupDigits(result.differences)} DIFFERENCES`;
    io.print(`${found}: ${groupDigits(compared)} counters of ${groupDigits(tenants)} tenants${voided}\n`);
  }
  if (!isEqual) throw new ToldError('counters and ledger differ');
}

async function verifyLedger(io: CliIo, command: Command, { shard }: { shard?: string }): Promise<void> {
  if (shard !== undefined && !/^\d{1,2}$/.test(shard))
    throw new CliError(`--shard is ${shard}: give its number, from 0`);
  const shards: ShardWalkView[] = [];
  const result = await checked(async () => {
    const options = shard === undefined ? {} : { shard: Number(shard) };
    for await (const line of openClient(io, command).verifyLedger(options)) {
      if (line.shard !== undefined) shards.push(line.shard);
      if (line.progress !== undefined) {
        io.note(`shard ${line.progress.shard}: ${groupDigits(line.progress.rows)} rows walked\n`);
      }
      if (line.result !== undefined) return line.result;
    }
    return undefined;
  });
  if (result === undefined) throw new CliError('could not be checked: the answer has no result', EXIT_WRONG_INPUT);
  if (command.optsWithGlobals<GlobalOptions>().json === true) printJson(io, { ...result, data: shards });
  else {
    io.print(`${table(shards, SHARD_COLUMNS)}\n`);
    for (const { shard: number, problems } of shards) for (const one of problems) io.print(`shard ${number}: ${one}\n`);
  }
  if (!result.isWhole) throw new ToldError('a chain is broken');
}

/** Adds `verify counters`, `verify ledger`. */
export function addVerifyCommands(program: Command, io: CliIo): void {
  const verify = program
    .command('verify')
    .description('Checks that the stores agree with each other, while they work.')
    .helpCommand(false);
  verify
    .command('counters')
    .description('Compares counters, journal, rollups and raw events of every open period, at one cut, under traffic.')
    .option('--tenant <id>', 'only of this tenant')
    .addHelpText('after', `${EXIT_CODES}\n\nExample:\n  $ tollkeeper verify counters --json`)
    .action((options: { tenant?: string }, command: Command) => verifyCounters(io, command, options));
  verify
    .command('ledger')
    .description("Walks the ledger's hash chain from its beginning: changed, missing and added events are named.")
    .option('--shard <number>', 'only this shard')
    .addHelpText('after', `${EXIT_CODES}\n\nExample:\n  $ tollkeeper verify ledger`)
    .action((options: { shard?: string }, command: Command) => verifyLedger(io, command, options));
}
