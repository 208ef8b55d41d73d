/**
 * `npm run bench -- COMMAND`: measures this program on this machine, each figure beside its competitor, and prints a table or JSON. With
 * `--write` the figures go into docs/benchmarks.md and the README.
 */
import { Command, InvalidArgumentError } from 'commander';

import { benchAccept, ACCEPT_TITLE } from './accept.ts';
import type { BenchContext, BenchOptions } from './bench-context.ts';
import { benchCheck, CHECK_TITLE } from './check.ts';
import { benchChecks, CHECKS_TITLE } from './checks.ts';
import { benchDrain, DRAIN_TITLE } from './drain.ts';
import { benchIngest, INGEST_TITLE } from './ingest.ts';
import { LoadGenerator } from './load.ts';
import { describeMachine, printReport } from './print-report.ts';
import { probeMachine } from './probe.ts';
import type { BenchReport, Findings } from './report.ts';
import { benchRating, RATING_TITLE } from './rating.ts';
import { benchRead, READ_TITLE } from './read.ts';
import { benchScript, SCRIPT_TITLE } from './script.ts';
import { benchSingle, SINGLE_TITLE } from './single.ts';
import { benchSpend, SPEND_TITLE } from './spend.ts';
import { benchTake, TAKE_TITLE } from './take.ts';
import { writeReports } from './write-reports.ts';

interface BenchCommand {
  readonly title: string;
  readonly run: (context: BenchContext) => Promise<Findings>;
}

const COMMANDS: Readonly<Record<string, BenchCommand>> = {
  ingest: { title: INGEST_TITLE, run: benchIngest },
  accept: { title: ACCEPT_TITLE, run: benchAccept },
  single: { title: SINGLE_TITLE, run: benchSingle },
  check: { title: CHECK_TITLE, run: benchCheck },
  script: { title: SCRIPT_TITLE, run: benchScript },
  drain: { title: DRAIN_TITLE, run: benchDrain },
  read: { title: READ_TITLE, run: benchRead },
  spend: { title: SPEND_TITLE, run: benchSpend },
  take: { title: TAKE_TITLE, run: benchTake },
  checks: { title: CHECKS_TITLE, run: benchChecks },
  rating: { title: RATING_TITLE, run: benchRating },
};

const EXAMPLES = `
Each command starts PostgreSQL, Redis (durable profile) and Temporal on data of its own, an API process and, where it drains, a
worker; the load comes from a process of its own. Figures are medians with their range. The probe, a fixed piece of work, says how
fast the machine was before and after: compare figures by it, and stop other programs first.

Examples:
  $ npm run bench -- ingest                    what the README states, about eight minutes
  $ npm run bench -- all --quick               whether everything works, about three minutes; no figures to quote
  $ npm run bench -- accept --runs 3 --json    three runs, as JSON
  $ npm run bench -- all --write               everything, into docs/benchmarks.md and the README`;

interface Flags {
  readonly json: boolean;
  readonly write: boolean;
  readonly quick: boolean;
  readonly runs?: number;
  readonly seconds?: number;
  readonly rate?: number;
}

const RUNS = 5;

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('give a whole number from 1 on.');
}

async function runCommand(name: string, command: BenchCommand, options: BenchOptions): Promise<BenchReport> {
  const say = (line: string): void => console.error(`${name}: ${line}`);
  const generator = new LoadGenerator();
  try {
    const at = new Date().toISOString();
    const before = await probeMachine();
    const findings = await command.run({ ...options, say, generator });
    const after = await probeMachine();
    const identity = { format: 1, command: name, title: command.title, at, machine: describeMachine() } as const;
    return { ...identity, commandLine: commandLine(name, options), probe: { before, after }, ...findings };
  } finally {
    generator.stop();
  }
}

function commandLine(name: string, { runs, seconds, quick, rate }: BenchOptions): string {
  const flags = [
    quick ? '--quick' : runs === RUNS ? '' : `--runs ${runs}`,
    seconds === null ? '' : `--seconds ${seconds}`,
    rate === null ? '' : `--rate ${rate}`,
  ];
  return ['npm run bench --', name, ...flags.filter((flag) => flag !== '')].join(' ');
}

async function main(names: readonly string[], flags: Flags): Promise<void> {
  const { quick, seconds = null, rate = null } = flags;
  const runs = flags.runs ?? (quick ? 1 : RUNS);
  const reports: BenchReport[] = [];
  for (const name of names) {
    const command = COMMANDS[name];
    if (command === undefined) throw new Error(`there is no command ${name}`);
    const report = await runCommand(name, command, { runs, seconds, quick, rate });
    if (!flags.json) printReport(report);
    reports.push(report);
    if (flags.write) await writeReports([report]);
  }
  if (flags.json) console.log(JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2));
}

const program = new Command('npm run bench --')
  .description('Measures this program on this machine, beside its competitors.')
  .helpOption('--help', 'show what it does')
  .helpCommand(false)
  .addHelpText('after', EXAMPLES);
for (const [name, title] of [
  ...Object.entries(COMMANDS).map(([key, { title: text }]) => [key, text] as const),
  ['all', 'all: every command, one after the other'] as const,
]) {
  program
    .command(name)
    .description(title)
    .option('--json', 'print the report as JSON', false)
    .option('--write', 'put the figures into docs/benchmarks.md and the README', false)
    .option('--quick', 'everything once and short: shows that it works, not how fast', false)
    .option('--runs <count>', `measured runs (default ${RUNS})`, positive)
    .option('--seconds <count>', 'of one run (default: what each command needs)', positive)
    .option('--rate <events>', 'ingest only: events per second, instead of as fast as the ledger follows', positive)
    .action((flags: Flags) => main(name === 'all' ? Object.keys(COMMANDS) : [name], flags));
}
await program.parseAsync();
