import type { Command } from 'commander';

import type { AlertView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient } from '../session.ts';
import { groupDigits } from '../table.ts';

const COLUMNS: readonly Column<AlertView>[] = [
  { title: 'at', text: ({ at }) => at },
  { title: 'tenant', text: ({ tenant }) => tenant },
  { title: 'period', text: ({ periodStart }) => periodStart },
  { title: 'meter', text: ({ meter }) => meter },
  { title: 'threshold', text: ({ threshold }) => threshold },
  { title: 'reached', right: true, text: ({ thresholdQuantity }) => groupDigits(thresholdQuantity) },
  { title: 'used then', right: true, text: ({ quantity, unit }) => `${groupDigits(quantity)} ${unit}` },
];

interface AlertsOptions {
  readonly period?: string;
  readonly meter?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

/** Adds `alerts`. */
export function addAlertsCommand(program: Command, io: CliIo): void {
  program
    .command('alerts')
    .summary('show thresholds that usage has reached')
    .description("Shows which thresholds of their plans tenants' usage has reached, the newest first.")
    .argument('[tenant]', 'its id (default: all tenants)')
    .option('--period <instant>', 'only of the period that starts here', instantOption)
    .option('--meter <key>', 'only of this meter')
    .option('--from <instant>', 'found from here on', instantOption)
    .option('--to <instant>', 'found up to here, not included', instantOption)
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper alerts acme --from 2026-11-01')
    .action(async (tenant: string | undefined, { limit, ...filter }: AlertsOptions, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listAlerts({ ...page, ...filter, tenant }),
        columns: COLUMNS,
        nothing: 'no threshold was reached',
      });
    });
}
