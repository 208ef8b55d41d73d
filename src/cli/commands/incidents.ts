import type { Command } from 'commander';

import type { IncidentView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';

const COLUMNS: readonly Column<IncidentView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'at', text: ({ at }) => at },
  { title: 'kind', text: ({ kind }) => kind },
  { title: 'tenant', text: ({ tenant }) => tenant ?? '' },
  { title: 'shard', right: true, text: ({ shard }) => (shard === null ? '' : String(shard)) },
  { title: 'details', text: ({ details }) => JSON.stringify(details) },
  {
    title: 'resolved',
    text: ({ resolvedAt, resolution }) => (resolvedAt === null ? '' : `${resolvedAt} ${resolution ?? ''}`),
  },
];

interface IncidentsOptions {
  readonly all?: true;
  readonly kind?: string;
  readonly tenant?: string;
  readonly limit: number;
}

/** Adds `incidents list`, `incidents resolve`. */
export function addIncidentCommands(program: Command, io: CliIo): void {
  const incidents = program
    .command('incidents')
    .description('Lists what went wrong with the stores themselves, and closes what was dealt with.')
    .helpCommand(false);
  incidents
    .command('list')
    .description('Lists incidents that nobody has resolved, the newest first.')
    .option('--all', 'also those that were resolved')
    .option('--kind <kind>', 'only of this kind')
    .option('--tenant <id>', 'only of this tenant')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper incidents list')
    .action(async ({ all, limit, ...filter }: IncidentsOptions, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listIncidents({ ...page, ...filter, resolved: all }),
        columns: COLUMNS,
        nothing: all === true ? 'no incidents' : 'no open incidents',
      });
    });
  incidents
    .command('resolve')
    .description('Closes an incident that was dealt with. What it held up goes on.')
    .argument('<id>', 'its id, as `incidents list` shows it')
    .requiredOption('--reason <text>', 'what was found and done; kept with it')
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper incidents resolve inc_12 --reason "events 4-100 to 4-180 were sent again"',
    )
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      printAnswer(io, command, await openClient(io, command).resolveIncident(id, reason), `${id} is resolved`);
    });
}
