import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { KeyScope, KeyView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';

const SCOPES: readonly KeyScope[] = ['ingest', 'ingest:backfill', 'read', 'admin'];

function stateOf({ revokedAt, expiresAt }: KeyView): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  return expiresAt === null ? 'valid' : `ends ${expiresAt}`;
}

const COLUMNS: readonly Column<KeyView>[] = [
  { title: 'id', text: (key) => key.id },
  { title: 'name', text: (key) => key.name },
  { title: 'secret', text: (key) => (key.prefix === null ? '' : `${key.prefix}…`) },
  { title: 'scopes', text: (key) => key.scopes.join(', ') },
  { title: 'tenant', text: (key) => key.tenant ?? 'all' },
  { title: 'created', text: (key) => key.createdAt },
  { title: 'last used', text: (key) => key.lastUsedAt ?? '' },
  { title: 'state', text: stateOf },
];

function collectScope(text: string, before: readonly KeyScope[] | undefined): KeyScope[] {
  const scope = SCOPES.find((known) => known === text);
  if (scope === undefined) throw new InvalidArgumentError(`it must be one of ${SCOPES.join(', ')}.`);
  return [...(before ?? []), scope];
}

interface CreateOptions {
  readonly scope: KeyScope[];
  readonly tenant?: string;
  readonly expires?: string;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Reads `90m`, `12h`, `7d` as seconds. */
function durationOption(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (digits === '') throw new InvalidArgumentError('write it as 30m, 12h or 7d.');
  return Number(digits) * (UNIT_SECONDS[unit] ?? 1);
}

/** Adds `keys create`, `keys list`, `keys rotate`, `keys revoke`. */
export function addKeyCommands(program: Command, io: CliIo): void {
  const keys = program.command('keys').description('Makes, lists, rotates and revokes API keys.').helpCommand(false);
  keys
    .command('create')
    .description('Makes an API key and prints its secret, this once.')
    .argument('<name>', 'what it is for')
    .requiredOption('--scope <scope>', `what it may do: ${SCOPES.join(', ')}; may be repeated`, collectScope)
    .option('--tenant <id>', 'bind it to one tenant')
    .option('--expires <instant>', 'let it end then', instantOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ tollkeeper keys create "ingest of the web shop" --scope ingest --tenant acme',
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const { scope: scopes, tenant, expires } = options;
      const key = await openClient(io, command).createKey({
        name,
        scopes,
        ...(tenant === undefined ? {} : { tenant }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
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
      await printPages(io, command, {
        limit: options.limit,
        read: (page) => client.listKeys(page),
        columns: COLUMNS,
        nothing: 'no keys',
      });
    });
  addRotateCommand(keys, io);
  keys
    .command('revoke')
    .description('Revokes an API key; it stops working within seconds.')
    .argument('<id>', 'its id, as `keys list` shows it')
    .addHelpText('after', '\nExample:\n  $ tollkeeper keys revoke key_01hq')
    .action(async (id: string, _options: object, command: Command) => {
      printAnswer(io, command, await openClient(io, command).revokeKey(id), `${id} is revoked`);
    });
}

function addRotateCommand(keys: Command, io: CliIo): void {
  keys
    .command('rotate')
    .description('Makes a key for the same and prints its secret, this once; the old one works on for a while.')
    .argument('<id>', 'its id, as `keys list` shows it')
    .option('--overlap <duration>', 'how long the old one still works: 30m, 12h, 7d', durationOption, UNIT_SECONDS['d'])
    .addHelpText('after', '\nExample:\n  $ tollkeeper keys rotate key_01hq --overlap 12h')
    .action(async (id: string, { overlap }: { overlap: number }, command: Command) => {
      const key = await openClient(io, command).rotateKey(id, { overlapSeconds: overlap });
      const old = `${id} works until ${key.old.expiresAt ?? 'it is revoked'}`;
      printAnswer(io, command, key, `${key.id} (shown this once):\n  ${key.secret}\n${old}`);
    });
}
