import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { CreditView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { amountText } from '../money-text.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';

const COLUMNS: readonly Column<CreditView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'granted', text: ({ grantedAt }) => grantedAt },
  { title: 'reason', text: ({ reason }) => reason },
  { title: 'priority', right: true, text: ({ priority }) => `${priority}` },
  { title: 'expires', text: ({ expiresAt }) => expiresAt ?? 'never' },
  { title: 'given', right: true, text: ({ amountMinor, currency }) => amountText(amountMinor, currency) },
  { title: 'left', right: true, text: (credit) => leftText(credit) },
];

function leftText({ balanceMinor, currency }: CreditView): string {
  return `${amountText(balanceMinor, currency)} ${currency}`;
}

function priorityOption(text: string): number {
  if (/^-?\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it must be a whole number; lower ones are drawn first.');
}

interface GrantOptions {
  readonly reason: string;
  readonly priority?: number;
  readonly expires?: string;
}

/** Adds `credits list`, `credits grant`, `credits withdraw`. */
export function addCreditCommands(program: Command, io: CliIo): void {
  const credits = program
    .command('credits')
    .description('Gives tenants credit, which pays their invoices, and shows what is left of it.')
    .helpCommand(false);
  credits
    .command('list')
    .description('Lists credits of a tenant, the oldest first.')
    .argument('<tenant>', 'its id')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper credits list acme')
    .action(async (tenant: string, { limit }: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listCredits(tenant, page),
        columns: COLUMNS,
        nothing: 'no credits',
      });
    });
  credits
    .command('grant')
    .description('Gives a tenant credit. Invoices that are billed to it draw it before anybody is asked to pay.')
    .argument('<tenant>', 'its id')
    .argument('<amount>', 'in its currency, such as 50.00')
    .requiredOption('--reason <text>', 'shown on the invoices that it pays')
    .option('--priority <number>', 'lower ones are drawn first (default: 0)', priorityOption)
    .option('--expires <instant>', 'not drawn by bills of periods that end after it', instantOption)
    .addHelpText('after', '\nExample:\n  $ tollkeeper credits grant acme 50.00 --reason "prepaid in March"')
    .action(async (tenant: string, amount: string, options: GrantOptions, command: Command) => {
      const { reason, priority, expires: expiresAt } = options;
      const credit = await openClient(io, command).giveCredit(tenant, { amount, reason, priority, expiresAt });
      printAnswer(io, command, credit, `${credit.id}: ${leftText(credit)} for ${tenant}`);
    });
  credits
    .command('withdraw')
    .description('Takes back what is left of a credit, but for what drafts and held invoices are about to draw.')
    .argument('<tenant>', 'its id')
    .argument('<credit>', 'its id, as `credits list` shows it')
    .option('--reason <text>', 'kept with the change', 'withdrawn by hand')
    .addHelpText('after', '\nExample:\n  $ tollkeeper credits withdraw acme crd_abc --reason "given twice"')
    .action(async (tenant: string, id: string, { reason }: { reason: string }, command: Command) => {
      const credit = await openClient(io, command).withdrawCredit(tenant, id, reason);
      printAnswer(io, command, credit, `${credit.id}: ${leftText(credit)} left`);
    });
}
