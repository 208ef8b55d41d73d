import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { CliIo } from '../cli-io.ts';
import { runDemo } from '../demo/run-demo.ts';

const EXAMPLE = `
Example:
  $ tollkeeper demo --once

Everything runs on this machine, with data of its own in .tollkeeper/demo. Three tenants with billing periods of one minute
get about 20,000 events, with duplicates, late ones and some beyond a limit; every figure of every invoice is compared
with the demo's own list of what it sent. Exit code 1 when one differs.`;

function seedOption(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it must be a whole number of at most nine digits.');
}

/** Adds `tollkeeper demo`. */
export function addDemoCommand(program: Command, io: CliIo): void {
  program
    .command('demo')
    .summary('watch usage become an invoice')
    .description('Starts everything, sends made-up usage of three tenants, and shows how it is billed, until Ctrl-C.')
    .option('--once', 'end after the first invoices')
    .option('--corrupt', 'change one counter behind the engine; succeeds only when that is caught')
    .option('--seed <number>', 'makes the events; the same seed makes the same ones', seedOption, 1)
    .addHelpText('after', EXAMPLE)
    .action(async (options: { once?: true; corrupt?: true; seed: number }) => {
      const { once = false, corrupt = false, seed } = options;
      await runDemo(io, { once, corrupt, seed });
    });
}
