import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { MigrationStepView, TollkeeperClient } from '../../client/index.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import type { Column } from '../session.ts';
import { openClient, printList } from '../session.ts';
import { atOption } from './change-plan.ts';

/** Pages of a migration at most: with 100 tenants each, a hundred thousand tenants. */
const PAGES_MAX = 1_000;

interface MigrateOptions {
  readonly to: number;
  readonly at: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

const COLUMNS: readonly Column<MigrationStepView>[] = [
  { title: 'tenant', text: ({ tenant }) => tenant },
  { title: 'version', right: true, text: ({ from }) => String(from) },
  { title: 'from', text: ({ at }) => at ?? '-' },
  { title: 'last period billed', right: true, text: ({ lastPeriod }) => lastPeriod?.billed ?? '-' },
  { title: 'would be', right: true, text: ({ lastPeriod }) => lastPeriod?.wouldBe ?? '-' },
  { title: 'difference', right: true, text: ({ lastPeriod }) => lastPeriod?.difference ?? '-' },
  { title: 'currency', text: ({ lastPeriod }) => lastPeriod?.currency ?? '' },
  { title: 'stays, because', text: ({ refused, lastPeriod }) => refused ?? lastPeriod?.problems.join('; ') ?? '' },
];

const MOVED_COLUMNS = COLUMNS.filter(({ title }) => ['tenant', 'version', 'from', 'stays, because'].includes(title));

/** Adds `migrate`. */
export function addMigrateCommand(program: Command, io: CliIo): void {
  program
    .command('migrate')
    .summary('bring all tenants of a plan under a newer version of it')
    .description(
      'Brings all tenants on older versions of a plan under a newer one. With --dry-run it shows what the last period of each ' +
        'was billed and what the new version would have billed. Broken off, it goes on where it was when it is run again.',
    )
    .argument('<plan>', 'the key of the plan')
    .requiredOption('--to <version>', 'the version to come under', versionOption)
    .option('--at <instant>', "now, period_end (each tenant's own) or an instant", atOption, 'period_end')
    .option('--reason <text>', 'kept with the change')
    .option('--dry-run', 'show who would pay what, without doing it')
    .addHelpText('after', '\nExample:\n  $ tollkeeper migrate pro --to 3 --dry-run')
    .action(async (plan: string, options: MigrateOptions, command: Command) => {
      const steps = await allSteps(openClient(io, command), plan, options, io);
      const columns = options.dryRun === true ? COLUMNS : MOVED_COLUMNS;
      printList(io, command, steps, columns, `no tenant is on an older version of ${plan} than ${options.to}`);
      if (options.dryRun === true && steps.length > 0) io.note('dry run: nothing was changed\n');
    });
}

async function allSteps(
  client: TollkeeperClient,
  plan: string,
  { to, at, reason, dryRun = false }: MigrateOptions,
  io: CliIo,
): Promise<readonly MigrationStepView[]> {
  const steps: MigrationStepView[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data, nextCursor } = await client.migratePlan(plan, { version: to, at, reason, dryRun, cursor });
    steps.push(...data);
    if (nextCursor === null) return steps;
    io.note(`${steps.length} tenants, through ${nextCursor}\n`);
    cursor = nextCursor;
  }
  throw new CliError(`more tenants than ${PAGES_MAX} pages hold: run it again to go on`);
}

function versionOption(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it must be a whole number from 1 on.');
}
