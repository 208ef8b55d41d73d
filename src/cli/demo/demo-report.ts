import type { InvoiceView } from '../../client/index.ts';
import { CliError, EXIT_FAILED } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import { amountText } from '../money-text.ts';
import type { DemoTenant } from './demo-catalogue.ts';
import { driftLine, invoiceTable, outcomesTable, usageTable, workflowLink } from './demo-output.ts';
import type { DemoRounds } from './demo-rounds.ts';
import { ledgerUsage } from './ledger-usage.ts';

const DIFFERENCES_SHOWN = 20;

/** Prints what differs. */
export function reportDifferences(io: CliIo, differences: readonly string[]): void {
  for (const difference of differences.slice(0, DIFFERENCES_SHOWN)) io.note(`DIFFERENT  ${difference}\n`);
  if (differences.length > DIFFERENCES_SHOWN) io.note(`and ${differences.length - DIFFERENCES_SHOWN} more\n`);
}

function mustAgree(io: CliIo, differences: readonly string[]): void {
  if (differences.length === 0) return;
  reportDifferences(io, differences);
  throw new CliError(`${differences.length} figures differ from the list of sent events`, EXIT_FAILED);
}

/**
 * Waits for the invoices of a period, holds them against the list and prints a line for each.
 * @throws CliError on a difference
 */
export async function reportInvoices(
  rounds: DemoRounds,
  period: number,
  tenants: readonly DemoTenant[] = rounds.stage.catalogue.tenants,
): Promise<void> {
  const { io } = rounds.stage;
  for (const tenant of tenants) {
    const invoice = await rounds.awaitInvoice(tenant, period);
    mustAgree(io, rounds.differences(tenant, period, invoice));
    const total = `${amountText(invoice.totalMinor, invoice.currency)} ${invoice.currency}`;
    io.print(`${invoice.number ?? ''}  ${tenant.id}  ${rounds.periodStartText(period)}  ${total}  as sent\n`);
  }
}

/**
 * Prints each tenant's part of the demo: outcomes, usage with its drift, the invoice, the link to its cycle.
 * @throws CliError when a figure differs from the list of sent events
 */
export async function reportTenants(rounds: DemoRounds, period: number, temporalUiUrl: string): Promise<void> {
  await rounds.waitUntil(rounds.sealMs(period), 'waiting for the end of this minute and its late window');
  const differences = rounds.outcomeDifferences();
  for (const tenant of rounds.stage.catalogue.tenants) {
    const invoice = await rounds.awaitInvoice(tenant, period);
    differences.push(...(await reportTenant(rounds, tenant, period, invoice, temporalUiUrl)));
  }
  mustAgree(rounds.stage.io, differences);
  rounds.stage.io.print('\nevery figure is what the list of sent events says\n');
}

async function reportTenant(
  rounds: DemoRounds,
  tenant: DemoTenant,
  period: number,
  invoice: InvoiceView,
  temporalUiUrl: string,
): Promise<string[]> {
  const { io, client, catalogue } = rounds.stage;
  const ledger = await ledgerUsage(client, tenant.id, rounds.stage.billingStartMs, rounds.periodStartMs(period + 1));
  const sent = rounds.book.total(tenant.id);
  const figures = catalogue.meters.map(({ key }) => ({ meter: key, ledger: ledger[key] ?? 0n, sent: sent[key] ?? 0n }));
  const cycle = await rounds.cycle(tenant, period);
  if (cycle === undefined) throw new CliError(`${tenant.id} has an invoice but no cycle`, EXIT_FAILED);
  io.print(
    [
      `\n${tenant.name} (${tenant.id}), plan ${tenant.plan.key}`,
      outcomesTable(rounds.log.outcomes.get(tenant.id) ?? {}, rounds.book.outcomes(tenant.id)),
      `${usageTable(figures)}\n${driftLine(cycle)}`,
      invoiceTable(invoice),
      `cycle: ${workflowLink(temporalUiUrl, cycle.workflowId)}\n`,
    ].join('\n\n'),
  );
  return [
    ...rounds.differences(tenant, period, invoice),
    ...figures
      .filter((figure) => figure.ledger !== figure.sent)
      .map(({ meter, ledger: got, sent: want }) => `${tenant.id}: ${meter} is ${got} in the ledger, must be ${want}`),
  ];
}
