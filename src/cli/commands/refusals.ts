import type { Command } from 'commander';

import type { RefusalView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient } from '../session.ts';
import { groupDigits } from '../table.ts';

const COLUMNS: readonly Column<RefusalView>[] = [
  { title: 'hour', text: ({ hour }) => hour },
  { title: 'meter', text: ({ meter }) => meter },
  { title: 'reason', text: ({ reason }) => reason },
  { title: 'events', right: true, text: ({ eventCount }) => groupDigits(eventCount) },
  {
    title: 'quantity',
    right: true,
    text: ({ quantity, unit }) => (quantity === null ? '' : `${groupDigits(quantity)} ${unit}`),
  },
];

interface RefusalsOptions {
  readonly from?: string;
  readonly to?: string;
  readonly meter?: string;
  readonly limit: number;
}

/** Adds `refusals`. */
export function addRefusalsCommand(program: Command, io: CliIo): void {
  program
    .command('refusals')
    .summary('show usage that was turned away')
    .description("Shows a tenant's refused usage by hour of arrival, meter and reason, the newest hour first.")
    .argument('<tenant>', 'its id')
    .option('--from <instant>', 'from here on', instantOption)
    .option('--to <instant>', 'up to here, not included', instantOption)
    .option('--meter <key>', 'only of this meter')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper refusals acme --from 2026-11-20 --meter calls')
    .action(async (tenant: string, { limit, ...filter }: RefusalsOptions, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listRefusals(tenant, { ...page, ...filter }),
        columns: COLUMNS,
        nothing: 'nothing was turned away',
      });
    });
}
