import { readFileSync } from 'node:fs';

import { Command } from 'commander';

import type { CliIo } from './cli-io.ts';
import { addAddOnCommands } from './commands/add-ons.ts';
import { addAlertsCommand } from './commands/alerts.ts';
import { addCatalogueCommands } from './commands/catalogue.ts';
import { addChangePlanCommand } from './commands/change-plan.ts';
import { addCheckCommand } from './commands/check.ts';
import { addCouponCommands } from './commands/coupons.ts';
import { addCreditCommands } from './commands/credits.ts';
import { addCycleCommands } from './commands/cycles.ts';
import { addCountBackCommand } from './commands/count-back.ts';
import { addDeadLetterCommands } from './commands/dead-letters.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addImportCommand } from './commands/import.ts';
import { addIncidentCommands } from './commands/incidents.ts';
import { addInvoiceCommands } from './commands/invoices.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addOneOffCommands } from './commands/one-offs.ts';
import { addRefusalsCommand } from './commands/refusals.ts';
import { addSetPriceCommand } from './commands/set-price.ts';
import { addSetQuantityCommand } from './commands/set-quantity.ts';
import { addSetAnchorCommand } from './commands/set-anchor.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addStartCommand } from './commands/start.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addUsageCommands } from './commands/usage.ts';
import { addVerifyCommands } from './commands/verify.ts';
import { packageFile } from './project-files.ts';
import { DEFAULT_URL } from './session.ts';

const INTRODUCTION = `Counts usage once, bills it on time, explains every line.

Exit codes: 0 done, 1 something it depends on failed or refused, 2 what was typed or given is wrong.`;

const EXAMPLES = `
First steps:
  $ tollkeeper start                                 everything on this machine
  $ tollkeeper apply examples/catalog.yaml           meters, plans and tenants
  $ tollkeeper usage acme --by day                   what was counted
  $ tollkeeper invoices --tenant acme                what was billed

\`tollkeeper COMMAND --help\` shows an example of each.`;

function version(): string {
  return (JSON.parse(readFileSync(packageFile(), 'utf8')) as { version: string }).version;
}

/** The whole command tree. Commander's own messages and exits become errors, which `runCli` tells in one line. */
export function buildProgram(io: CliIo): Command {
  const program = new Command('tollkeeper')
    .description(INTRODUCTION)
    .version(version(), '--version', 'print the version')
    .option('--url <url>', `the API (default: TOLLKEEPER_URL, else ${DEFAULT_URL})`)
    .option('--api-key <key>', 'the API key (default: TOLLKEEPER_API_KEY, else the file admin-key of the data folder)')
    .option('--json', 'print JSON, for programs')
    .helpOption('--help', 'show what it does, with an example')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.print,
      writeErr: io.note,
      outputError: () => undefined,
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
    .exitOverride();
  addStartCommand(program, io);
  addDemoCommand(program, io);
  addCatalogueCommands(program, io);
  addSimulateCommand(program, io);
  addImportCommand(program, io);
  addUsageCommands(program, io);
  addCheckCommand(program, io);
  addRefusalsCommand(program, io);
  addAlertsCommand(program, io);
  addCountBackCommand(program, io);
  addDeadLetterCommands(program, io);
  addInvoiceCommands(program, io);
  addCreditCommands(program, io);
  addOneOffCommands(program, io);
  addCouponCommands(program, io);
  addCycleCommands(program, io);
  addChangePlanCommand(program, io);
  addAddOnCommands(program, io);
  addSetPriceCommand(program, io);
  addSetQuantityCommand(program, io);
  addSetAnchorCommand(program, io);
  addMigrateCommand(program, io);
  addKeyCommands(program, io);
  addVerifyCommands(program, io);
  addIncidentCommands(program, io);
  return program;
}
