import { localText } from '../domain/calendar-hour.ts';
import { groupedText } from '../domain/grouped-text.ts';
import { requireInstant, type InstantText } from '../domain/instant.ts';
import { dueMinorOf, type InvoiceContent, type InvoiceLine, type LineProvenance } from '../domain/invoice.ts';
import { formatMinor } from '../domain/money.ts';
import { stepsLines } from '../domain/steps-sentence.ts';
import type { Party } from '../domain/tenant.ts';
import type { Invoice } from './invoice-record.ts';
import { alignedTable, labelled, type TableRow } from './text-table.ts';

/** What the text form shows: an invoice, or a draft that was not saved. */
export type PrintedInvoice = Pick<
  Invoice,
  'status' | 'number' | 'issuedAt' | 'dueAt' | 'content' | 'contentDigest' | 'chainTip'
>;

/**
 * An invoice as text of fixed columns: header, lines, tax, total, and for every line where it came from. Times are those of
 * the tenant's zone. Ends with a line break.
 */
export function invoiceText(invoice: PrintedInvoice): string {
  const blocks = [header(invoice), figures(invoice), origins(invoice), proofs(invoice)];
  return `${blocks.map((lines) => lines.map(printable).join('\n')).join('\n\n')}\n`;
}

function header(invoice: PrintedInvoice): string[] {
  const { content, number, status, issuedAt, dueAt } = invoice;
  const title = content.identity.kind === 'credit_note' ? 'CREDIT NOTE' : 'INVOICE';
  const revision = content.identity.revision === 0 ? '' : `, revision ${content.identity.revision}`;
  return [
    `${title} ${number ?? '(no number yet)'}${revision}, ${status}`,
    '',
    ...labelled([
      ['From', partyLines(content.issuer)],
      ['To', [...partyLines(content.buyer), `Tenant ${content.identity.tenant}, billed to ${content.billTo}`]],
      ['Period', [`${windowText(content.supplyStart, content.supplyEnd, content.timeZone)} (${content.timeZone})`]],
      ['Issued', [instantText(issuedAt, content.timeZone)]],
      ['Due', [instantText(dueAt, content.timeZone)]],
      ...(content.corrects === null ? [] : [['Corrects', [content.corrects]] as const]),
    ]),
  ];
}

function partyLines(party: Party): string[] {
  return [
    party.name,
    ...party.addressLines,
    ...(party.email === undefined ? [] : [party.email]),
    ...party.taxIds.map((taxId) => `Tax id ${taxId}`),
  ];
}

function figures({ content }: PrintedInvoice): string[] {
  const money = (amountMinor: string): string => groupedText(formatMinor(BigInt(amountMinor), content.currency));
  const lines = content.lines.map((line): TableRow => [
    line.description,
    `${groupedText(line.quantity)} ${line.unit}`,
    money(line.amountMinor),
  ]);
  const taxes = content.taxLines.map((tax): TableRow => [
    `${tax.name} ${tax.percent} %${tax.included === true ? ' included,' : ''} on ${money(tax.taxableMinor)}`,
    '',
    money(tax.amountMinor),
  ]);
  const exemption: TableRow[] = content.taxExemption === undefined ? [] : [[content.taxExemption, '', money('0')]];
  return alignedTable([
    [['Description', 'Quantity', `Amount ${content.currency}`]],
    lines,
    [['Subtotal', '', money(content.subtotalMinor)], ...taxes, ...exemption],
    [['Total', '', money(content.totalMinor)]],
    creditRows(content, money),
  ]);
}

/** What pays before anybody is asked to, and what is left; nothing where no credit is in it. */
function creditRows(content: InvoiceContent, money: (amountMinor: string) => string): TableRow[] {
  const { creditLines = [], carriedMinor = '0' } = content;
  if (creditLines.length === 0 && carriedMinor === '0') return [];
  return [
    ...creditLines.map(({ description, amountMinor }): TableRow => [
      `Credit: ${description}`,
      '',
      money(`-${amountMinor}`),
    ]),
    ...(carriedMinor === '0' ? [] : [['Carried to the next invoice', '', money(carriedMinor)] as const]),
    ['Due', '', money(dueMinorOf(content).toString())],
  ];
}

function origins({ content }: PrintedInvoice): string[] {
  return [
    'Where each line comes from',
    ...content.lines.flatMap((line) => [
      `  ${line.description}`,
      `    ${originText(line, content.timeZone)}`,
      ...stepsLines(line.steps).map((sentence) => `    ${sentence}`),
    ]),
  ];
}

function originText({ provenance }: InvoiceLine, timeZone: string): string {
  const { oneOff, coupon } = provenance;
  if (oneOff !== undefined) return `charge ${oneOff}, made ${instantText(provenance.from, timeZone)}`;
  const window = windowText(provenance.from, provenance.to, timeZone);
  if (coupon !== undefined) return `coupon ${coupon}, ${window}`;
  const plan = `plan ${provenance.planKey} version ${provenance.planVersion}`;
  if (provenance.meter === null) return `${plan}, ${window}`;
  const meter = `meter ${provenance.meter} version ${provenance.meterVersion}`;
  const events = `${groupedText(provenance.eventCount)} ${provenance.eventCount === '1' ? 'event' : 'events'}`;
  return `${plan}, ${meter}, ${window}, ${events}${rangeText(provenance)}`;
}

function rangeText({ ledgerRange }: LineProvenance): string {
  return ledgerRange === null
    ? ''
    : `, ledger shard ${ledgerRange.shard} from ${ledgerRange.first} to ${ledgerRange.last}`;
}

function proofs({ contentDigest, chainTip }: PrintedInvoice): string[] {
  return labelled([
    ['Content SHA-256', [contentDigest]],
    ...(chainTip === null ? [] : [['Ledger tip', [chainTip]] as const]),
  ]);
}

function windowText(from: InstantText, to: InstantText, timeZone: string): string {
  return `${instantText(from, timeZone)} to ${instantText(to, timeZone)}`;
}

function instantText(instant: InstantText | null, timeZone: string): string {
  return instant === null ? 'not yet' : localText(timeZone, requireInstant(instant));
}

/** Names and descriptions come from outside: what could steer a terminal is not printed. */
function printable(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, ' ').trimEnd();
}
