import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { KeyScope, KeyView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { LIMIT_DEFAULT, limitOption, readUpTo } from '../list-options.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer, printList } from '../session.ts';

const SCOPES: readonly KeyScope[] = ['ingest', 'ingest:backfill', 'read', 'admin'];

const COLUMNS: readonly Column<KeyView>[] = [
  { title: 'id', text: (key) => key.id },
  { title: 'name', text: (key) => key.name },
  { title: 'scopes', text: (key) => key.scopes.join(', ') },
  { title: 'tenant', text: (key) => key.tenant ?? 'all' },
  { title: 'created', text: (key) => key.createdAt },
  { title: 'state', text: (key) => (key.revokedAt === null ? 'valid' : `revoked ${key.revokedAt}`) },
];

function collectScope(text: string, before: readonly KeyScope[] | undefined): KeyScope[] {
  const scope = SCOPES.find((known) => known === text);
  if (scope === undefined) throw new InvalidArgumentError(`it must be one of ${SCOPES.join(', ')}.`);
  return [...(before ?? []), scope];
}

/** Adds `keys create`, `keys list`, `keys revoke`. */
export function addKeyCommands(program: Command, io: CliIo): void {
  const keys = program.command('keys').description('Makes, lists and revokes API keys.').helpCommand(false);
  keys
    .command('create')
    .description('Makes an API key and prints its secret, this once.')
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <scope>', `what it may do: ${SCOPES.join(', ')}; may be repeated`, collectScope)
    .option('--tenant <id>', 'bind it to one tenant')
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper keys create "ingest of the web shop" --scope ingest --tenant acme',
    )
    .action(async (name: string, options: { scope: KeyScope[]; tenant?: string }, command: Command) => {
      const { scope: scopes, tenant } = options;
      const key = await openClient(io, command).createKey({
        name,
        scopes,
        ...(tenant === undefined ? {} : { tenant }),
      });
      printAnswer(io, command, key, `${key.id} (shown this once):\n  ${key.secret}`);
    });
  keys
    .command('list')
    .description('Lists API keys, without their secrets.')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper keys list')
    .action(async (options: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      const { rows } = await readUpTo(options.limit, (page) => client.listKeys(page));
      printList(io, command, rows, COLUMNS, 'no keys');
    });
  keys
    .command('revoke')
    .description('Revokes an API key; it stops working within seconds.')
    .argument('<id>', 'its id, as `keys list` shows it')
    .addHelpText('after', '\nExample:\n  $ tollkeeper keys revoke key_01hq')
    .action(async (id: string, _options: object, command: Command) => {
      printAnswer(io, command, await openClient(io, command).revokeKey(id), `${id} is revoked`);
    });
}
