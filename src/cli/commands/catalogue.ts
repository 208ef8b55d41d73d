import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import type { CatalogueChange, JsonValue, TenantView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { readFault } from '../import/read-csv.ts';
import { LIMIT_DEFAULT, limitOption, readUpTo } from '../list-options.ts';
import type { Column, GlobalOptions } from '../session.ts';
import { openClient, printJson, printList } from '../session.ts';
import { plainText, renderTable } from '../table.ts';

const TENANT_COLUMNS: readonly Column<TenantView>[] = [
  { title: 'tenant', text: (tenant) => tenant.id },
  { title: 'name', text: (tenant) => tenant.name },
  {
    title: 'plan',
    text: ({ plan }) => (plan === null ? '-' : `${plan.key} v${plan.version}`),
  },
  { title: 'currency', text: (tenant) => tenant.currency },
  { title: 'time zone', text: (tenant) => tenant.timeZone },
  { title: 'period', text: (tenant) => tenant.periodLength },
  { title: 'billed from', text: (tenant) => tenant.billingStart },
  { title: 'until', text: (tenant) => tenant.endsAt ?? '-' },
  { title: 'state', text: (tenant) => (tenant.paused ? 'paused' : 'active') },
];

/** Adds `apply` and `tenants`. */
export function addCatalogueCommands(program: Command, io: CliIo): void {
  program
    .command('apply')
    .summary('take meters, plans and tenants from a file')
    .description(
      'Takes meters, plans and tenants from one YAML file: all of it, or nothing. Applying it again changes nothing.',
    )
    .argument('<file>', 'the catalogue file')
    .option('--dry-run', 'show the changes without making them')
    .addHelpText('after', '\nExample:\n  $ tollkeeper apply examples/catalog.yaml --dry-run')
    .action(async (file: string, options: { dryRun?: true }, command: Command) => {
      const yaml = await readFile(resolve(io.folder, file), 'utf8').catch((error: unknown) => {
        throw readFault(file, error);
      });
      const dryRun = options.dryRun === true;
      const answer = await openClient(io, command).applyCatalogue(yaml, { dryRun, fileName: file });
      if (command.optsWithGlobals<GlobalOptions>().json === true) return printJson(io, answer);
      io.print(`${changesText(answer.changes, dryRun)}\n`);
    });
  program
    .command('tenants')
    .summary('list tenants')
    .description('Lists tenants.')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper tenants')
    .action(async (options: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      const { rows, more } = await readUpTo(options.limit, (page) => client.listTenants(page));
      printList(io, command, rows, TENANT_COLUMNS, 'no tenants yet: tollkeeper apply FILE makes them');
      if (more) io.note(`more than ${options.limit}: see them with --limit\n`);
    });
}

function changesText(changes: readonly CatalogueChange[], dryRun: boolean): string {
  const changed = changes.filter((change) => change.action !== 'unchanged');
  const unchanged = changes.length - changed.length;
  if (changed.length === 0) return `nothing to change: ${unchanged} definitions are as the file says`;
  const rows = changed.map((change) => [
    change.action.replaceAll('_', ' '),
    change.kind,
    change.key,
    detailsText(change),
  ]);
  const table = renderTable(
    ['action', 'kind', 'key', 'details'].map((title) => ({ title })),
    rows,
  );
  const rest = unchanged === 0 ? '' : `\n${unchanged} unchanged`;
  return `${table}${rest}${dryRun ? '\ndry run: nothing was changed' : ''}`;
}

/** What `details` of a change may say; see `differencesOf` of src/catalog. */
interface ChangeDetails {
  readonly version?: number;
  readonly plan?: string | null;
  readonly billingStart?: string;
  readonly note?: string;
  readonly changed?: readonly { readonly path: string; readonly from: JsonValue; readonly to: JsonValue }[];
}

function detailsText({ details }: CatalogueChange): string {
  const { version, plan, billingStart, note, changed = [] } = details as ChangeDetails;
  const parts = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(plan === undefined || plan === null ? [] : [`plan ${plan}`]),
    ...(billingStart === undefined ? [] : [`billed from ${billingStart}`]),
    ...changed.map(({ path, from, to }) => `${path}: ${valueText(from)} → ${valueText(to)}`),
    ...(note === undefined ? [] : [note]),
  ];
  return plainText(parts.join('; '));
}

/** A definition that is longer than this is named, not shown: `--json` has it whole. */
const VALUE_CHARACTERS_MAX = 60;

function valueText(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1)}…`;
}
