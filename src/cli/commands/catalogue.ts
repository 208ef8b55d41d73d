import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import type { CatalogueChange, TenantView } from '../../client/index.ts';
import { changesText } from '../catalogue-text.ts';
import { ToldError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { readFault } from '../import/read-csv.ts';
import { LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import { projectFile } from '../project-files.ts';
import type { Column, GlobalOptions } from '../session.ts';
import { openClient, printJson } from '../session.ts';

const TENANT_COLUMNS: readonly Column<TenantView>[] = [
  { title: 'tenant', text: (tenant) => tenant.id },
  { title: 'name', text: (tenant) => tenant.name },
  {
    title: 'plan',
    text: ({ plan }) => (plan === null ? '-' : `${plan.key} v${plan.version}`),
  },
  { title: 'currency', text: (tenant) => tenant.currency },
  { title: 'time zone', text: (tenant) => tenant.timeZone },
  { title: 'period', text: ({ calendar }) => calendar.periodLength },
  { title: 'billed from', text: (tenant) => tenant.billingStart },
  { title: 'until', text: (tenant) => tenant.endsAt ?? '-' },
  { title: 'state', text: (tenant) => (tenant.paused ? 'paused' : 'active') },
];

/** Beside the code, also where the package is built. */
const SCHEMA_FILE = 'docs/catalogue.schema.json';

interface ApplyOptions {
  readonly dryRun?: boolean;
}

interface PlanOptions {
  readonly check?: boolean;
}

/** Adds `apply`, `plan`, `schema` and `tenants`. */
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
    .action(async (file: string, { dryRun = false }: ApplyOptions, command: Command) => {
      await applyFile(io, command, file, dryRun);
    });
  addPlanCommand(program, io);
  program
    .command('schema')
    .summary('print the JSON Schema of catalogue files')
    .description(
      'Prints the JSON Schema of catalogue files, with which editors complete and check them. The first line of a file names it: ' +
        '# yaml-language-server: $schema=catalogue.schema.json',
    )
    .addHelpText('after', '\nExample:\n  $ tollkeeper schema > catalogue.schema.json')
    .action(() => io.print(readFileSync(projectFile(SCHEMA_FILE), 'utf8')));
  program
    .command('tenants')
    .summary('list tenants')
    .description('Lists tenants.')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper tenants')
    .action(async (options: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit: options.limit,
        read: (page) => client.listTenants(page),
        columns: TENANT_COLUMNS,
        nothing: 'no tenants yet: tollkeeper apply FILE makes them',
      });
    });
}

function addPlanCommand(program: Command, io: CliIo): void {
  program
    .command('plan')
    .alias('diff')
    .summary('show what a file would change')
    .description(
      'Shows what applying a file would change, and changes nothing: new versions, every price before and after in words, and which ' +
        'tenants stay on earlier versions.',
    )
    .argument('<file>', 'the catalogue file')
    .option('--check', 'exit with 1 when anything would change, for a pipeline')
    .addHelpText('after', '\nExample:\n  $ tollkeeper plan examples/catalog.yaml')
    .action(async (file: string, { check = false }: PlanOptions, command: Command) => {
      const changes = await applyFile(io, command, file, true);
      if (check && changes.some(({ action }) => action !== 'unchanged'))
        throw new ToldError('the file would change something');
    });
}

async function applyFile(
  io: CliIo,
  command: Command,
  file: string,
  dryRun: boolean,
): Promise<readonly CatalogueChange[]> {
  const yaml = await readFile(resolve(io.folder, file), 'utf8').catch((error: unknown) => {
    throw readFault(file, error);
  });
  const answer = await openClient(io, command).applyCatalogue(yaml, { dryRun, fileName: file });
  if (command.optsWithGlobals<GlobalOptions>().json === true) printJson(io, answer);
  else io.print(`${changesText(answer.changes, dryRun)}\n`);
  return answer.changes;
}
