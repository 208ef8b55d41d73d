import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import type {
  ComparePage,
  GivenUsage,
  PlanComparisonView,
  PlanQuestion,
  SimulatedBillView,
  TollkeeperClient,
} from '../../client/index.ts';
import { parseJson } from '../../domain/parse-json.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { readFault } from '../import/read-csv.ts';
import { amountText } from '../money-text.ts';
import { openClient, printAnswer } from '../session.ts';
import { groupDigits, renderTable } from '../table.ts';

interface SimulateOptions {
  readonly plan?: string;
  readonly file?: string;
  readonly usage?: readonly string[];
  readonly usageFile?: string;
  readonly tenant?: string;
  readonly period?: string;
}

const EXAMPLES = `
Example:
  $ tollkeeper simulate --plan starter --usage calls=1001000
  $ tollkeeper simulate --file new-prices.yaml --tenant acme --period last
  $ tollkeeper simulate --plan starter@3 --period last         all tenants, before and after`;

/** Adds `simulate`. */
export function addSimulateCommand(program: Command, io: CliIo): void {
  program
    .command('simulate')
    .summary('show what usage would be billed by a plan')
    .description(
      'Shows what usage, a past period of a tenant, or that of all tenants would be billed by a plan that is stored or in a file. ' +
        'Nothing is written.',
    )
    .option('--plan <key>', 'the plan: KEY or KEY@VERSION, without a version the newest')
    .option('--file <file>', 'a catalogue file that is not applied; --plan names the plan in it where it has several')
    .option('--usage <charge=quantity...>', 'usage of a charge, or of a meter')
    .option('--usage-file <file>', 'usage as a JSON list, for charges that price parts or events: see docs/cli.md')
    .option('--tenant <id>', 'rate the past period of this tenant; with usage, its taxes')
    .option('--period <period>', 'last, open, or the instant at which it starts (default: last)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: SimulateOptions, command: Command) => {
      const client = openClient(io, command);
      const question = await readQuestion(io, options);
      const usage = await readUsage(io, options);
      const { tenant, period } = options;
      if (usage === undefined && tenant === undefined) {
        const answer = await compareAll(io, client, { ...question, period });
        printAnswer(io, command, answer, comparisonText(answer));
        return;
      }
      const bill = await client.simulate({ ...question, tenant, usage, period });
      printAnswer(io, command, bill, billText(bill));
    });
}

async function readQuestion(io: CliIo, { plan, file }: SimulateOptions): Promise<PlanQuestion> {
  if (plan === undefined && file === undefined) throw new CliError('which prices? Give --plan KEY, or --file FILE');
  return { plan, ...(file !== undefined && { catalogue: await readText(io, file), file }) };
}

async function readUsage(io: CliIo, { usage, usageFile }: SimulateOptions): Promise<GivenUsage[] | undefined> {
  if (usage === undefined && usageFile === undefined) return undefined;
  const fromFile = usageFile === undefined ? [] : readUsageList(usageFile, await readText(io, usageFile));
  const typed = (usage ?? []).map((pair): GivenUsage => {
    const [name, quantity, ...more] = pair.split('=');
    if (name === undefined || name === '' || quantity === undefined || more.length > 0) {
      throw new CliError(`--usage ${pair} is not understood: write CHARGE=QUANTITY, or meter:METER=QUANTITY`);
    }
    return name.startsWith('meter:') ? { meter: name.slice('meter:'.length), quantity } : { charge: name, quantity };
  });
  return [...typed, ...fromFile];
}

function readUsageList(file: string, text: string): readonly GivenUsage[] {
  try {
    const list = parseJson(text);
    if (Array.isArray(list)) return list as readonly GivenUsage[];
  } catch {
    // Told below, like JSON that is no list.
  }
  throw new CliError(`${file} is no JSON list of usage: write [{"charge": "calls", "quantity": "1000"}]`);
}

async function readText(io: CliIo, file: string): Promise<string> {
  return readFile(resolve(io.folder, file), 'utf8').catch((error: unknown) => {
    throw readFault(file, error);
  });
}

/** Pages that are asked for at most: a million tenants. */
const PAGES_MAX = 10_000;
const PAGE_TENANTS = 100;

interface Comparison extends Pick<ComparePage, 'plan' | 'asOf'> {
  readonly data: readonly PlanComparisonView[];
  readonly isComplete: boolean;
}

/** Page by page, with a line of progress to standard error after each but the last. */
async function compareAll(
  io: CliIo,
  client: TollkeeperClient,
  question: PlanQuestion & { readonly period?: string | undefined },
): Promise<Comparison> {
  const data: PlanComparisonView[] = [];
  let next: string | undefined;
  for (let page = 1; ; page += 1) {
    const answer = await client.comparePlan({ ...question, cursor: next, limit: PAGE_TENANTS });
    const { plan, asOf, tenants, nextCursor } = answer;
    data.push(...answer.data);
    if (nextCursor === null || page === PAGES_MAX) return { plan, asOf, data, isComplete: nextCursor === null };
    io.note(`${groupDigits(data.length)} of ${groupDigits(tenants)} tenants\n`);
    next = nextCursor;
  }
}

function billText(bill: SimulatedBillView): string {
  const { currency, plan, period } = bill;
  const rows = [
    ...bill.lines.map((line) => [line.description, `${groupDigits(line.quantity)} ${line.unit}`, line.amount]),
    ['Subtotal', '', amountText(bill.subtotalMinor, currency)],
    ...bill.taxLines.map((tax) => [`${tax.name} ${tax.percent} %`, '', amountText(tax.amountMinor, currency)]),
    [`Total ${currency}`, '', amountText(bill.totalMinor, currency)],
    ...billedRows(bill),
  ];
  const columns = [{ title: 'line' }, { title: 'quantity', right: true }, { title: 'amount', right: true }];
  const name = `plan ${plan.name} (${plan.key} v${plan.version}${plan.stored ? '' : ', not applied'})`;
  const head = `${bill.tenant === null ? name : `${bill.tenant}, ${name}`}, period ${period.start} .. ${period.end}`;
  const steps = bill.lines.map((line) => `  ${line.description}: ${line.sentence}`);
  return [head, '', renderTable(columns, rows), '', ...steps].join('\n');
}

function billedRows({ billed, currency }: SimulatedBillView): string[][] {
  if (billed === undefined || billed === null) return [];
  return [[`Billed by ${billed.invoice}`, '', amountText(billed.totalMinor, currency)]];
}

function comparisonText({ plan, data, isComplete }: Comparison): string {
  const columns = [
    { title: 'tenant' },
    { title: 'plan' },
    { title: 'period' },
    { title: 'billed', right: true },
    { title: 'would be', right: true },
    { title: 'difference', right: true },
    { title: '' },
  ];
  const rows = data.map((row) => [
    row.tenant,
    row.plan === null ? '-' : `${row.plan.key} v${row.plan.version}`,
    row.period === null ? '-' : row.period.start.slice(0, 10),
    shown(row.billedMinor, row.currency),
    shown(row.wouldBeMinor, row.currency),
    shown(row.differenceMinor, row.currency),
    row.problems.length > 0 ? row.problems.join('; ') : row.invoice === null ? 'not invoiced yet' : '',
  ]);
  const head = `plan ${plan.name} (${plan.key} v${plan.version}${plan.stored ? '' : ', not applied'})`;
  const rest = isComplete ? '' : '\nthere are more tenants than one table takes: use POST /v1/pricing/compare';
  return `${head}\n\n${renderTable(columns, [...rows, ...totalRows(data)])}${rest}`;
}

function shown(amountMinor: string | null, currency: string): string {
  return amountMinor === null ? '-' : amountText(amountMinor, currency);
}

/** One row of totals per currency, of those tenants for which both amounts are known. */
function totalRows(data: readonly PlanComparisonView[]): string[][] {
  const known = data.filter(({ differenceMinor }) => differenceMinor !== null);
  return [...Map.groupBy(known, ({ currency }) => currency)].map(([currency, rows]) => {
    const total = (of: (row: PlanComparisonView) => string | null): string =>
      amountText(rows.reduce((sum, row) => sum + BigInt(of(row) ?? '0'), 0n).toString(), currency);
    return [
      `Total ${currency}`,
      `${rows.length} tenants`,
      '',
      total((row) => row.billedMinor),
      total((row) => row.wouldBeMinor),
      total((row) => row.differenceMinor),
      '',
    ];
  });
}
