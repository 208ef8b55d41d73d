import type { Command } from 'commander';

import type { DeadLetterView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';

const COLUMNS: readonly Column<DeadLetterView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'at', text: ({ at }) => at },
  { title: 'tenant', text: ({ tenant }) => tenant ?? 'unknown' },
  { title: 'position', text: ({ lastPosition }) => lastPosition },
  { title: 'state', text: ({ resolution, resolvedAt }) => resolution ?? (resolvedAt === null ? 'open' : 'closed') },
  { title: 'reason', text: ({ reason }) => reason },
];

interface ListOptions {
  readonly tenant?: string;
  readonly all?: boolean;
  readonly limit: number;
}

/** Adds `dead-letters list|show|replay|discard`. */
export function addDeadLetterCommands(program: Command, io: CliIo): void {
  const letters = program
    .command('dead-letters')
    .summary('events that could not be written to the ledger')
    .description('Shows what was set aside because it could not be read or written, and decides what becomes of it.')
    .addHelpText('after', '\nExample:\n  $ tollkeeper dead-letters list');
  letters
    .command('list')
    .summary('list those that are open')
    .description('Lists dead letters, the newest first. The tenant of an open one is not billed.')
    .option('--tenant <id>', 'only of this tenant')
    .option('--all', 'those too that are settled')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper dead-letters list --tenant acme')
    .action(async ({ tenant, all, limit }: ListOptions, command: Command) => {
      const client = openClient(io, command);
      const query = { tenant, state: all === true ? ('all' as const) : undefined };
      await printPages(io, command, {
        limit,
        read: (page) => client.listDeadLetters({ ...page, ...query }),
        columns: COLUMNS,
        nothing: 'there are no dead letters',
      });
    });
  letters
    .command('show')
    .summary('show one with what it holds')
    .description('Shows a dead letter with what the journal carried.')
    .argument('<id>', 'as `dead-letters list` shows it')
    .addHelpText('after', '\nExample:\n  $ tollkeeper dead-letters show dl_1')
    .action(async (id: string, _options: object, command: Command) => {
      const letter = await openClient(io, command).getDeadLetter(id);
      printAnswer(io, command, letter, describe(letter));
    });
  addSettling(letters, io, 'replay', 'read it again after a fix, and put it into the ledger');
  addSettling(letters, io, 'discard', 'decide that it is never billed');
}

function describe(letter: DeadLetterView & { readonly content: string }): string {
  const settled =
    letter.resolvedAt === null
      ? 'open'
      : `${letter.resolution ?? 'closed'} at ${letter.resolvedAt} by ${letter.resolvedBy ?? 'unknown'}: ${letter.resolvedReason ?? ''}`;
  return [
    `${letter.id}  ${letter.tenant ?? 'of an unknown tenant'}  shard ${letter.shard}  ${letter.firstPosition} to ${letter.lastPosition}`,
    `set aside at ${letter.at}: ${letter.reason}`,
    settled,
    letter.content,
  ].join('\n');
}

function addSettling(letters: Command, io: CliIo, action: 'replay' | 'discard', summary: string): void {
  letters
    .command(action)
    .summary(summary)
    .description(`Settles a dead letter: ${summary}.`)
    .argument('<id>', 'as `dead-letters list` shows it')
    .requiredOption('--reason <text>', 'kept with the decision')
    .addHelpText('after', `\nExample:\n  $ tollkeeper dead-letters ${action} dl_1 --reason "ticket 4711"`)
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      const client = openClient(io, command);
      const letter = await (action === 'replay'
        ? client.replayDeadLetter(id, reason)
        : client.discardDeadLetter(id, reason));
      const counts =
        letter.newEvents === undefined ? '' : `: ${letter.newEvents} new, ${letter.knownEvents ?? 0} known`;
      printAnswer(io, command, letter, `${id} ${letter.resolution ?? 'settled'}${counts}`);
    });
}
