/**
 * `npm run faults`: breaks the real stack in every way that can be played on one machine, and compares what was answered with what
 * is in the ledger. `--write` puts the table into docs/reliability.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { FAULTS } from './faults/index.ts';
import { openOwnStores } from './own-stores.ts';
import { markdownTable, terminalTable } from './report.ts';
import { type FaultReport, runFault } from './run-fault.ts';

const PAGE = 'docs/reliability.md';
const MARKS = /(<!-- faults -->\n)([\s\S]*?)(<!-- \/faults -->)/;

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

const program = new Command('npm run faults --')
  .description(
    'Starts PostgreSQL, Redis, Temporal, the worker and the API for each fault, loads them, breaks them, heals them, and compares ' +
      'the answers with the ledger. All of it takes about 25 minutes on two quiet cores. Ends with 1 when anything was lost, doubled, ' +
      'over a limit, or waited for too long.',
  )
  .option('--only <names>', 'the faults to play, separated by commas (see --list)')
  .option('--rounds <number>', 'at most this many rounds of each fault', wholeNumber)
  .option('--seed <number>', 'where in the load the faults strike, and what is sent', wholeNumber, 1)
  .option('--list', 'print the names of the faults and do nothing', false)
  .option('--json', 'print the report as JSON', false)
  .option('--write', `put the rows of these faults into ${PAGE}`, false)
  .addHelpText('after', '\nExample:\n  npm run faults -- --only redis-kill,flushall --rounds 2');

interface Flags {
  readonly only?: string;
  readonly rounds?: number;
  readonly seed: number;
  readonly list: boolean;
  readonly json: boolean;
  readonly write: boolean;
}

function chosenFaults(only: string | undefined): typeof FAULTS {
  if (only === undefined) return FAULTS;
  const names = only.split(',');
  const unknown = names.filter((name) => FAULTS.every((fault) => fault.name !== name));
  if (unknown.length > 0) program.error(`unknown fault: ${unknown.join(', ')} (npm run faults -- --list)`);
  return FAULTS.filter(({ name }) => names.includes(name));
}

function describeRun(seed: number): string {
  const processors = cpus();
  const machine = `${processors.length} cores (${processors[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${machine}, Node ${process.versions.node}; seed ${seed}; ${new Date().toISOString().slice(0, 10)}`;
}

/** Called after each fault, so that a run that is broken off has not been for nothing. */
function writePage(reports: readonly FaultReport[], run: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [, , before] = MARKS.exec(page) ?? [];
  if (before === undefined) throw new Error(`${PAGE} has no marks <!-- faults --> … <!-- /faults -->`);
  const titles = FAULTS.map(({ title }) => title);
  const table = markdownTable(reports, { before, titles, playedOn: new Date().toISOString().slice(0, 10) });
  const lastRun = `Last run: ${run}.`;
  writeFileSync(
    PAGE,
    page.replace(
      MARKS,
      (_all, open: string, _before: string, close: string) => `${open}\n${table}\n\n${lastRun}\n${close}`,
    ),
  );
}

/** How to take down what runs, newest last. */
const running: (() => Promise<void>)[] = [];

/** Ctrl-C leaves no server behind. */
async function breakOff(): Promise<void> {
  for (const close of running.splice(0).toReversed()) await close().catch((error: unknown) => console.error(error));
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void breakOff());

const flags = program.parse().opts<Flags>();
if (flags.list) {
  for (const { name, title, rounds } of FAULTS)
    console.log(`${name.padEnd(22)} ${String(rounds).padStart(2)} rounds  ${title}`);
} else {
  const reports: FaultReport[] = [];
  for (const fault of chosenFaults(flags.only)) {
    reports.push(
      await runFault(fault, {
        rounds: Math.min(fault.rounds, flags.rounds ?? fault.rounds),
        seed: flags.seed,
        openStores: openOwnStores,
        say: (line) => console.error(line),
        onStarted: (close) => running.push(close),
        nowMs: () => Date.now(),
      }),
    );
    running.length = 0;
    if (flags.write) writePage(reports, describeRun(flags.seed));
  }
  const failures = reports.flatMap(({ name, failures: found }) => found.map((failure) => `${name}, ${failure}`));
  const run = describeRun(flags.seed);
  console.log(flags.json ? JSON.stringify({ run, reports }, null, 2) : `${terminalTable(reports)}\n${run}`);
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
