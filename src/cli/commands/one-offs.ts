import type { Command } from 'commander';

import type { OneOffView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';
import { groupDigits } from '../table.ts';

const COLUMNS: readonly Column<OneOffView>[] = [
  { title: 'key', text: ({ key }) => key },
  { title: 'at', text: ({ at }) => at },
  { title: 'description', text: ({ description }) => description },
  { title: 'amount', right: true, text: ({ amount }) => groupDigits(amount) },
  {
    title: 'invoice',
    text: ({ invoiceId, cancelledAt }) => invoiceId ?? (cancelledAt === null ? 'not yet' : 'cancelled'),
  },
];

/** Adds `charge`, `cancel-charge` and `charges`. */
export function addOneOffCommands(program: Command, io: CliIo): void {
  program
    .command('charge')
    .summary('charge a tenant once')
    .description('Charges a tenant once, on the first bill of a period that ends after it. One charge for one key.')
    .argument('<tenant>', 'its id')
    .argument('<amount>', 'in its currency, such as 99.50')
    .argument('<description>', 'the text of the invoice line')
    .requiredOption('--key <key>', 'your own: the same one again charges nothing')
    .option('--at <instant>', 'when it was made (default: now)', instantOption)
    .addHelpText('after', '\nExample:\n  $ tollkeeper charge acme 99.50 "Setup" --key setup')
    .action(
      async (
        tenant: string,
        amount: string,
        description: string,
        { key, at }: { key: string; at?: string },
        command: Command,
      ) => {
        const charge = await openClient(io, command).chargeOnce(tenant, { key, description, amount, at });
        printAnswer(io, command, charge, `${charge.key}: ${charge.amount} on the next bill of ${tenant}`);
      },
    );
  program
    .command('cancel-charge')
    .summary('cancel what was charged once')
    .description('Cancels a charge made once that no invoice has yet, drafts regarded. Safe to repeat.')
    .argument('<tenant>', 'its id')
    .argument('<charge>', 'its key, as `charges` shows it, or its id')
    .option('--reason <text>', 'kept with the change', 'cancelled by hand')
    .addHelpText('after', '\nExample:\n  $ tollkeeper cancel-charge acme setup --reason "set up by themselves"')
    .action(async (tenant: string, name: string, { reason }: { reason: string }, command: Command) => {
      const charge = await openClient(io, command).cancelOneOff(tenant, name, reason);
      printAnswer(io, command, charge, `${charge.key}: ${charge.amount} is cancelled, no bill of ${tenant} has it`);
    });
  program
    .command('charges')
    .summary('list what was charged once')
    .description('Lists what a tenant was charged once, in order of time, and which invoice has it.')
    .argument('<tenant>', 'its id')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper charges acme')
    .action(async (tenant: string, { limit }: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listOneOffs(tenant, page),
        columns: COLUMNS,
        nothing: 'nothing was charged once',
      });
    });
}
