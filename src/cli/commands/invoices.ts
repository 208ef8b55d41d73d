import type { Command } from 'commander';

import type { InvoiceStatus, InvoiceSummaryView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { amountText } from '../money-text.ts';
import { printPages } from '../print-pages.ts';
import type { Column, GlobalOptions } from '../session.ts';
import { openClient, printAnswer, printJson } from '../session.ts';

const COLUMNS: readonly Column<InvoiceSummaryView>[] = [
  { title: 'number', text: (invoice) => invoice.number ?? '-' },
  { title: 'id', text: (invoice) => invoice.id },
  { title: 'tenant', text: (invoice) => invoice.identity.tenant },
  { title: 'period', text: (invoice) => `${invoice.supplyStart} .. ${invoice.supplyEnd}` },
  { title: 'status', text: (invoice) => invoice.status },
  {
    title: 'total',
    right: true,
    text: (invoice) => `${amountText(invoice.totalMinor, invoice.currency)} ${invoice.currency}`,
  },
  { title: 'due', text: (invoice) => invoice.dueAt ?? '-' },
];

/** Adds `invoices`, `invoice`, `mark-paid`. */
export function addInvoiceCommands(program: Command, io: CliIo): void {
  program
    .command('invoices')
    .summary('list invoices, newest first')
    .description('Lists invoices, newest first.')
    .option('--tenant <id>', 'only those of one tenant')
    .option('--status <status>', 'only those in one status, such as issued, held, paid')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper invoices --tenant acme --status issued')
    .action(async (options: { tenant?: string; status?: InvoiceStatus; limit: number }, command: Command) => {
      const client = openClient(io, command);
      const { tenant, status } = options;
      await printPages(io, command, {
        limit: options.limit,
        read: (page) => client.listInvoices({ ...page, tenant, status }),
        columns: COLUMNS,
        nothing: 'no invoices yet',
      });
    });
  program
    .command('invoice')
    .summary('show one invoice')
    .description('Shows one invoice, every line with where it came from.')
    .argument('<id>', 'its id or its number')
    .addHelpText('after', '\nExample:\n  $ tollkeeper invoice INV-000001')
    .action(async (id: string, _options: object, command: Command) => {
      const client = openClient(io, command);
      if (command.optsWithGlobals<GlobalOptions>().json === true) return printJson(io, await client.getInvoice(id));
      io.print(`${(await client.getInvoiceText(id)).trimEnd()}\n`);
    });
  program
    .command('mark-paid')
    .summary('record that an invoice was paid')
    .description('Records that an issued invoice was paid outside of Tollkeeper.')
    .argument('<id>', 'its id or its number')
    .option('--reason <text>', 'kept with the change', 'marked paid by hand')
    .addHelpText('after', '\nExample:\n  $ tollkeeper mark-paid INV-000001 --reason "bank transfer of 3 December"')
    .action(async (id: string, options: { reason: string }, command: Command) => {
      const answer = await openClient(io, command).markPaid(id, options.reason);
      printAnswer(io, command, answer, `${id} is paid`);
    });
}
