import type { Command } from 'commander';
import { Option } from 'commander';

import type { LedgerEventView, SpendView, UsageView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { amountText } from '../money-text.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';
import { groupDigits, renderTable } from '../table.ts';

const EVENT_COLUMNS: readonly Column<LedgerEventView>[] = [
  { title: 'occurred at', text: (event) => event.occurredAt },
  { title: 'type', text: (event) => event.type },
  { title: 'id', text: (event) => event.id },
  { title: 'quantity', right: true, text: (event) => event.quantity },
  { title: 'billed with', text: (event) => event.accountingPeriod },
  { title: 'properties', text: (event) => (event.properties === null ? '' : JSON.stringify(event.properties)) },
];

interface UsageOptions {
  readonly by: 'hour' | 'day' | 'month';
  readonly from?: string;
  readonly to?: string;
  readonly meter?: string;
  readonly dimension?: string;
}

interface EventsOptions {
  readonly tenant: string;
  readonly type?: string;
  readonly from?: string;
  readonly to?: string;
  readonly meter?: string;
  readonly period?: string;
  readonly limit: number;
}

/** Adds `usage`, `spend`, `events`. */
export function addUsageCommands(program: Command, io: CliIo): void {
  program
    .command('usage')
    .summary("show a tenant's usage")
    .description("Shows a tenant's usage by meter, in hours, days or months of the tenant's own time zone.")
    .argument('<tenant>', 'its id')
    .addOption(new Option('--by <span>', 'the span of one row').choices(['hour', 'day', 'month']).default('day'))
    .option('--from <instant>', 'from here on (default: start of the open period)', instantOption)
    .option('--to <instant>', 'up to here, not included (default: now)', instantOption)
    .option('--meter <key>', 'only this meter')
    .option('--dimension <name>', 'by the values of this dimension of the meter')
    .addHelpText('after', '\nExample:\n  $ tollkeeper usage acme --by day --from 2026-11-01 --to 2026-12-01')
    .action(async (tenant: string, { by, from, to, meter, dimension }: UsageOptions, command: Command) => {
      const usage = await openClient(io, command).getUsage(tenant, { by, from, to, meter, dimension });
      printAnswer(io, command, usage, usageText(usage));
    });
  program
    .command('spend')
    .summary('show what the open period would cost now')
    .description(
      'Shows what the open period of a tenant would cost if it ended now, line by line, and what it would if usage went on as it has.',
    )
    .argument('<tenant>', 'its id')
    .addHelpText('after', '\nExample:\n  $ tollkeeper spend acme')
    .action(async (tenant: string, _options: object, command: Command) => {
      const spend = await openClient(io, command).getSpend(tenant);
      printAnswer(io, command, spend, spendText(spend));
    });
  program
    .command('events')
    .summary("list a tenant's events")
    .description('Lists the events of a tenant as they are in the ledger: what is behind an invoice line.')
    .requiredOption('--tenant <id>', 'whose events')
    .option('--type <type>', 'only events of this type')
    .option('--from <instant>', 'only events from here on', instantOption)
    .option('--to <instant>', 'only events before', instantOption)
    .option('--meter <key>', 'only events that this meter read: those behind its invoice line')
    .option('--period <instant>', 'only events billed with the period that starts here', instantOption)
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper events --tenant acme --type llm.request --from 2026-11-20 --limit 20',
    )
    .action(async ({ limit, period, ...filter }: EventsOptions, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listEvents({ ...page, ...filter, accountingPeriod: period }),
        columns: EVENT_COLUMNS,
        nothing: 'no events',
      });
    });
}

function usageText(usage: UsageView): string {
  const columns = [{ title: 'meter' }, { title: 'quantity', right: true }, { title: 'events', right: true }];
  const { dimension } = usage;
  const headed = [{ title: usage.by }, ...(dimension === undefined ? [] : [{ title: dimension }]), ...columns];
  const rows = usage.data.map((bucket) => [
    bucket.start,
    ...(dimension === undefined ? [] : [bucket.value === null ? '(none)' : String(bucket.value)]),
    bucket.meter,
    `${groupDigits(bucket.quantity)} ${bucket.unit}`,
    groupDigits(bucket.eventCount),
  ]);
  const ledger =
    rows.length === 0 ? `nothing in the ledger from ${usage.from} to ${usage.to}` : renderTable(headed, rows);
  if (usage.period === null) return `${usage.tenant}, ${usage.timeZone}\n\n${ledger}`;
  const live = Object.entries(usage.live).map(([meter, { quantity, unit, eventCount }]) => [
    meter,
    `${groupDigits(quantity)} ${unit}`,
    groupDigits(eventCount),
  ]);
  const open = `open period ${usage.period.start} .. ${usage.period.end}, from the ${usage.liveSource ?? 'ledger'}`;
  return `${usage.tenant}, ${usage.timeZone}\n\n${ledger}\n\n${open}\n${renderTable(columns, live)}`;
}

function spendText(spend: SpendView): string {
  const amount = (minor: string): string => amountText(minor, spend.currency);
  const rows = [
    ...spend.lines.map((line) => [
      line.description,
      `${groupDigits(line.quantity)} ${line.unit}`,
      amount(line.amountMinor),
    ]),
    ['Subtotal', '', amount(spend.subtotalMinor)],
    ...spend.taxLines.map((tax) => [`${tax.name} ${tax.percent} %`, '', amount(tax.amountMinor)]),
    [`Total ${spend.currency}`, '', amount(spend.totalMinor)],
  ];
  const columns = [{ title: 'line' }, { title: 'quantity', right: true }, { title: 'amount', right: true }];
  const period = spend.period === null ? '' : `, period ${spend.period.start} .. ${spend.period.end}`;
  const head = `${spend.tenant}, plan ${spend.plan.name}${period}, as of ${spend.asOf}`;
  return `${head}\n\n${renderTable(columns, rows)}${projectionText(spend)}`;
}

/** What is used beyond what is included, and where that leads. */
function projectionText({ projection, charges, currency }: SpendView): string {
  if (projection === null) return '';
  const columns = [
    { title: 'charge' },
    { title: 'used', right: true },
    { title: 'included', right: true },
    { title: 'beyond', right: true },
    { title: 'cost', right: true },
    { title: 'at the end', right: true },
  ];
  const rows = charges.map((charge, index) => [
    charge.charge,
    `${groupDigits(charge.used)} ${charge.unit}`,
    charge.included === null ? '-' : groupDigits(charge.included),
    charge.overage === null ? '-' : groupDigits(charge.overage),
    charge.cost,
    projection.charges[index]?.cost ?? '-',
  ]);
  const table = rows.length === 0 ? '' : `\n\n${renderTable(columns, rows)}`;
  return `${table}\n\nif usage goes on like this, ${amountText(projection.totalMinor, currency)} ${currency} on ${projection.at}`;
}
