import { groupedText } from '../src/domain/grouped-text.ts';
import { formatInstant, MICROS_PER_SECOND, type InstantText } from '../src/domain/instant.ts';
import type { ReachedThreshold } from '../activities/answers.ts';
import type { CloseCycleState, CycleStepState, RefusedSignal, TenantBillingState } from './messages.ts';

/**
 * The state tables of the Temporal UI. They are served from memory by a query: rewriting one costs no event and no Action, so it
 * is done at every change.
 */

const MICROS_PER_MILLISECOND = MICROS_PER_SECOND / 1_000;
const SECONDS_TEXT_LENGTH = '2023-11-01T00:00:00'.length;
const DATE_LENGTH = '2023-11-01'.length;
const MILLISECONDS_TEXT_LENGTH = '2023-11-01T00:00:00.000'.length;
/** The UI draws tables without any room between their columns; unlike a blank, an em space at the end of a cell is kept. */
const COLUMN_GAP = '\u2003';

/** A workflow's clock as an instant on the wire. */
export function instantOfMs(epochMs: number): InstantText {
  return formatInstant(Math.floor(epochMs) * MICROS_PER_MILLISECOND);
}

/** An instant to the second, for people: `2023-11-01 00:00:00 UTC`. */
export function shortInstant(instant: InstantText | null): string {
  return instant === null ? '—' : `${instant.slice(0, SECONDS_TEXT_LENGTH).replace('T', ' ')} UTC`;
}

/** A time of a step, to the millisecond, because most steps take less than a second: `2023-11-01 00:00:10.120`. */
function stepTime(instant: InstantText): string {
  const [seconds = '', fraction = ''] = instant.slice(0, -1).split('.');
  const text = `${seconds}.${fraction.padEnd(3, '0')}`.slice(0, MILLISECONDS_TEXT_LENGTH);
  return text.replace('T', ' ');
}

/** The end of a step beside its start: the date is named again only when it is another one. */
function stepEnd({ startedAt, endedAt }: CycleStepState): string {
  if (endedAt === null) return 'running';
  const isSameDay = endedAt.slice(0, DATE_LENGTH) === startedAt.slice(0, DATE_LENGTH);
  return isSameDay ? stepTime(endedAt).slice(DATE_LENGTH + 1) : stepTime(endedAt);
}

/** Names and reasons come from people: a bar or a line break in them must not break the table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableLine(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(tableLine)].join('\n');
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(`${COLUMN_GAP} | `)} |`;
}

function refusedTable(refused: readonly RefusedSignal[]): string[] {
  if (refused.length === 0) return [];
  const rows = refused.map(({ name, at, reason }) => [name, shortInstant(at), reason]);
  return ['', table(['Refused signal', 'At', 'Why'], rows)];
}

function alertTable(alerts: readonly ReachedThreshold[]): string[] {
  if (alerts.length === 0) return [];
  const rows = alerts.map(({ meter, threshold, thresholdQuantity, unit, at }) => [
    meter,
    threshold,
    `${groupedText(thresholdQuantity)} ${unit}`,
    shortInstant(at),
  ]);
  return ['', table(['Alert', 'Threshold', 'Reached', 'Found at'], rows)];
}

/** The open period of a tenant: what it used, what that costs so far, and what happens next. */
export function tenantBillingDetails(state: TenantBillingState): string {
  const facts: [string, string][] = [
    ['Tenant', state.tenant],
    ['Stage', state.paused ? `${state.stage} (billing is paused; usage is still metered)` : state.stage],
    ['Period', `${shortInstant(state.periodStart)} to ${shortInstant(state.periodEnd)}`],
    ['Plan', state.plan ?? '—'],
    ['Spend so far', state.spend ?? '—'],
    ['Last checkpoint', shortInstant(state.lastCheckpointAt)],
    ['Next checkpoint', state.nextCheckpointAt === null ? 'at the next usage' : shortInstant(state.nextCheckpointAt)],
  ];
  if (state.waitingFor !== null) facts.push(['Waiting for', state.waitingFor]);
  if (state.problem !== null) facts.push(['Problem', state.problem]);
  const usage = state.usage.map(({ meter, quantity, unit }) => [meter, groupedText(quantity), unit]);
  return [
    table(['Billing', ''], facts),
    '',
    table(['Meter', 'Used', 'Unit'], usage.length === 0 ? [['—', '—', '—']] : usage),
    ...alertTable(state.alerts),
    ...refusedTable(state.refusedSignals),
  ].join('\n');
}

/** One cycle: its steps with their times, and what it waits for. */
export function closeCycleDetails(state: CloseCycleState): string {
  const facts: [string, string][] = [
    ['Tenant', state.tenant],
    ['Period', `${shortInstant(state.periodStart)} to ${shortInstant(state.periodEnd)}`],
    ['Revision', String(state.revision)],
    ['Stage', state.stage],
    ['Late window ends', shortInstant(state.sealAt)],
  ];
  if (state.total !== null) facts.push(['Total', state.total]);
  if (state.invoiceId !== null)
    facts.push(['Invoice', [state.invoiceNumber, state.invoiceId].filter(Boolean).join(' · ')]);
  if (state.holdReasons.length > 0) facts.push(['Held because', state.holdReasons.join('; ')]);
  if (state.decision !== null) facts.push(['Decision', state.decision]);
  if (state.waitingFor !== null) facts.push(['Waiting for', state.waitingFor]);
  const steps = state.steps.map((step) => [step.step, stepTime(step.startedAt), stepEnd(step), step.result]);
  return [
    table(['Cycle', ''], facts),
    '',
    table(['Step', 'Started (UTC)', 'Ended', 'Result'], steps.length === 0 ? [['—', '—', '—', '—']] : steps),
    ...refusedTable(state.refusedSignals),
  ].join('\n');
}
