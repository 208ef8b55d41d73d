import { Presets, SingleBar } from 'cli-progress';

import type { CycleView, InvoiceView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { amountText } from '../money-text.ts';
import { groupDigits, plainText, renderTable } from '../table.ts';

/** Shows how many of the events are answered: a bar in a terminal, one line at the end otherwise. */
export function sendingProgress(io: CliIo, total: number): { show(answered: number): void; end(): void } {
  if (!io.isTerminal) {
    return { show: () => undefined, end: () => io.note(`${groupDigits(total)} events answered\n`) };
  }
  const format = '{bar} {value}/{total} events | {duration_formatted}';
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0);
  return { show: (answered) => bar.update(answered), end: () => bar.stop() };
}

/** How often each outcome came, and how often the demo's own list says it must have. */
export function outcomesTable(
  got: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): string {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])];
  return renderTable(
    [{ title: 'outcome' }, { title: 'answered', right: true }, { title: 'sent list', right: true }],
    names.map((name) => [name, groupDigits(got[name] ?? 0), groupDigits(expected[name] ?? 0)]),
  );
}

/** One meter's figures from two sides. */
export interface MeterFigures {
  readonly meter: string;
  readonly ledger: bigint;
  readonly sent: bigint;
}

/** Usage by meter: what the ledger has, what was sent, and the difference. */
export function usageTable(figures: readonly MeterFigures[]): string {
  return renderTable(
    [
      { title: 'meter' },
      { title: 'ledger', right: true },
      { title: 'sent list', right: true },
      { title: 'difference', right: true },
    ],
    figures.map(({ meter, ledger, sent }) => [
      meter,
      groupDigits(ledger),
      groupDigits(sent),
      groupDigits(ledger - sent),
    ]),
  );
}

/** What comparing counters, rollups and raw rows found before the invoice was rated. */
export function driftLine(cycle: CycleView): string {
  const { compared, holdReasons = [] } = (cycle.reconciliation ?? {}) as {
    compared?: number;
    holdReasons?: readonly string[];
  };
  if (compared === undefined) return 'drift: not compared yet';
  const found = holdReasons.length === 0 ? '0' : holdReasons.map(plainText).join('; ');
  return `drift: ${found} (counters, rollups and raw rows of ${compared} totals compared)`;
}

/** An invoice as a table: lines, taxes, total. */
export function invoiceTable(invoice: InvoiceView): string {
  const { content, currency } = invoice;
  const amount = (minor: string): string => amountText(minor, currency);
  const rows = content.lines.map((line) => [
    line.description,
    line.kind === 'base_fee' ? '' : `${groupDigits(line.quantity)} ${line.unit}`,
    amount(line.amountMinor),
  ]);
  rows.push(['Subtotal', '', amount(content.subtotalMinor)]);
  for (const tax of content.taxLines) rows.push([`${tax.name} ${tax.percent} %`, '', amount(tax.amountMinor)]);
  rows.push([`Total ${currency}`, '', amount(content.totalMinor)]);
  const head = `${invoice.number ?? 'not issued'}  ${content.supplyStart} .. ${content.supplyEnd}  ${invoice.status}`;
  const columns = [{ title: 'line' }, { title: 'quantity', right: true }, { title: 'amount', right: true }];
  return `${head}\n${renderTable(columns, rows)}`;
}

/** The page of a workflow in the Temporal UI. */
export function workflowLink(uiUrl: string, workflowId: string): string {
  return `${uiUrl.replace(/\/+$/, '')}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
}
