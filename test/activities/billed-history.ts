import { MockActivityEnvironment } from '@temporalio/testing';

import type { CycleActivities } from '../../activities/answers.ts';
import { createCycleActivities } from '../../activities/cycle-activities.ts';
import { changeAnchor } from '../../src/catalog/change-anchor.ts';
import { formatInstant, type EpochMicros, type InstantText } from '../../src/domain/instant.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { type Period, periodNumber } from '../../src/domain/period.ts';
import { readInvoice } from '../../src/invoice/read-invoice.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { openCycle } from '../../src/ledger/billing-cycles.ts';
import type { IngestStack } from '../ingest/ingest-stack.ts';
import { billingDeps } from './billing-deps.ts';
import { ADD_ON, type ChangeKind, makeChange, type PlanKey } from './history-changes.ts';

/**
 * The life of one tenant over some days: events that come in time, late or twice, plans, an add-on and a price of its own that come and go
 * within a day, and a bill for each day. Run on the real stores, by the same activities that a worker runs.
 */

const MINUTE_MICROS = 60_000_000;
/** Midnight of the first day by time zone. Clocks are put back on the second one in St. John's. */
const BILLING_STARTS = {
  UTC: '2026-10-31T00:00:00Z',
  'Asia/Kolkata': '2026-10-30T18:30:00Z',
  'America/St_Johns': '2026-10-31T02:30:00Z',
} as const;
export const TIME_ZONES = ['UTC', 'Asia/Kolkata', 'America/St_Johns'] as const;

const BANDS = 'bands: [{ upTo: 20, unitPrice: 0.5, flatFee: 1 }, { upTo: 60, unitPrice: 0.113 }, { unitPrice: 0.071 }]';
const METERS = `
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [region] }
  - { key: peak, eventType: calls, aggregation: max, unit: call }
  - { key: users, eventType: calls, aggregation: unique, value: { property: user }, unit: user }
  - { key: stored, aggregation: time_weighted, unit: GB }
`;
const CALLS = `{ key: calls, meter: calls, includedUnits: 3, price: { model: graduated, ${BANDS} } }`;
const USERS = '{ key: users, meter: users, price: { model: per_unit, unitPrice: 0.333 } }';

/** Plans with a charge of every reading, with and without bounds of their own; `large` and `bounded` carry usage over. */
export const HISTORY_CATALOGUE = `
issuer: { name: Toll Ltd }
${METERS}
plans:
  - key: small
    currency: USD
    baseFee: 7.77
    charges:
      - ${CALLS}
      - { key: of_eu, meter: calls, filter: { region: [eu] }, price: { model: per_unit, unitPrice: 0.0371 } }
      - key: by_region
        meter: calls
        price:
          model: matrix
          dimensions: [region]
          cells: [{ values: [us], price: { model: per_unit, unitPrice: 0.013 } }]
          otherwise: { model: per_unit, unitPrice: 0.007 }
      - { key: by_hour, meter: calls, price: { model: bucketed, bucket: hour, price: { model: package, size: 7, packagePrice: 0.19 } } }
      - { key: each, meter: calls, price: { model: percentage, percent: 1.3, fixedFee: 0.01, freeEvents: 2 } }
      - { key: peak, meter: peak, price: { model: capacity, bands: [{ upTo: 10, flatFee: 0 }, { upTo: 40, flatFee: 3 }, { flatFee: 9 }] } }
      - ${USERS}
      - { key: stored, meter: stored, conversion: { divide: 3600 }, price: { model: per_unit, unitPrice: 0.0007 } }
  - key: large
    currency: USD
    baseFee: 11
    onChange: carry_over
    charges:
      - ${CALLS}
      - { key: by_value, meter: calls, groupBy: region, includedUnits: 2, price: { model: volume, ${BANDS} }, maximum: 9 }
      - ${USERS}
  - key: bounded
    currency: USD
    onChange: carry_over
    minimum: 3
    maximum: 20
    charges: [${CALLS}, ${USERS}]
  - key: restarted
    currency: USD
    boundsCover: charges_and_base_fee
    baseFee: 1.11
    minimum: 6
    charges: [${CALLS}]
  - key: ${ADD_ON}
    addOn: true
    currency: USD
    baseFee: 5
    onChange: carry_over
    charges:
      - { key: help_calls, meter: calls, price: { model: graduated, ${BANDS} } }
      - { key: help_peak, meter: peak, minimum: 1, price: { model: per_unit, unitPrice: 0.21 } }
`;

/** One thing that happened, and after the end of which day it is sent. */
export interface SentEvent {
  readonly type: 'calls' | 'stored';
  /** The day that it happened in, and when in it. */
  readonly day: number;
  readonly minute: number;
  readonly quantity: number;
  readonly region: string | undefined;
  readonly user: string;
}

/** Everything that happens to a tenant. */
export interface History {
  readonly timeZone: (typeof TIME_ZONES)[number];
  readonly plan: PlanKey;
  readonly trialDays: number | undefined;
  /** Days that begin so many hours later from one of them on, which is that much shorter; `undefined`: all begin at midnight. */
  readonly anchor: { readonly fromDay: number; readonly hours: number } | undefined;
  /** In order of time. */
  readonly changes: readonly { readonly day: number; readonly minute: number; readonly to: ChangeKind }[];
  /** By day: what is sent between its end and its bill. */
  readonly sent: readonly (readonly SentEvent[])[];
}

/** What was accepted: with the period that took it. */
export interface AcceptedEvent extends SentEvent {
  readonly id: string;
  readonly atMicros: EpochMicros;
  readonly accountingDay: number;
}

/** A tenant whose days are over. */
export interface BilledHistory {
  readonly days: readonly Period[];
  readonly accepted: readonly AcceptedEvent[];
  /** The invoice of each day. */
  readonly bills: readonly InvoiceContent[];
}

/** Lets a history happen to a new tenant. */
export async function runHistory(
  stack: IngestStack,
  key: string,
  tenant: string,
  history: History,
): Promise<BilledHistory> {
  const { timeZone, plan, trialDays } = history;
  const start = BILLING_STARTS[timeZone];
  stack.setClock(start);
  const trial = trialDays === undefined ? '' : `, trialDays: ${trialDays}`;
  await stack.apply(
    `tenants: [{ id: ${tenant}, currency: USD, timeZone: ${timeZone}, billingStart: ${start}, periodLength: day, plan: ${plan}${trial} }]`,
  );
  if (history.anchor !== undefined) {
    const fromMicros = startOf(daysOf(stack, tenant, history.sent.length), history.anchor.fromDay);
    const anchor = formatInstant(fromMicros - (24 - history.anchor.hours) * 60 * MINUTE_MICROS);
    const order = { tenant, anchor, from: fromMicros };
    await inTransaction(stack.pool, (client) => changeAnchor(client, order, stack.service.clock()));
    await stack.catalogue.reload();
  }
  const days = daysOf(stack, tenant, history.sent.length);
  await stack.service.extendPeriods(tenant, startOf(days, history.sent.length));
  const accepted: AcceptedEvent[] = [];
  const bills: InvoiceContent[] = [];
  for (const [accountingDay, events] of history.sent.entries()) {
    const end = startOf(days, accountingDay + 1);
    stack.setClock(formatInstant(end - 1));
    await makeChanges(stack, tenant, days, history.changes, accountingDay);
    stack.setClock(formatInstant(end + 30 * MINUTE_MICROS));
    const placed = events.map((event, index): AcceptedEvent => {
      const id = `${tenant} ${accountingDay} ${index}`;
      return { ...event, id, atMicros: instantIn(days, event), accountingDay: Math.max(event.day, accountingDay) };
    });
    await send(stack, key, tenant, placed);
    accepted.push(...placed);
    stack.setClock(formatInstant(end + 60 * MINUTE_MICROS));
    bills.push(await bill(stack, tenant, formatInstant(startOf(days, accountingDay))));
  }
  return { days, accepted, bills };
}

function daysOf(stack: IngestStack, tenant: string, count: number): Period[] {
  const calendar = stack.catalogue.current().tenants.get(tenant)?.calendar;
  if (calendar === undefined) throw new Error(`tenant ${tenant} was not applied`);
  return Array.from({ length: count + 1 }, (_, ordinal) => {
    const period = periodNumber(calendar, ordinal);
    if (period === undefined) throw new Error(`tenant ${tenant} has no period ${ordinal}`);
    return period;
  });
}

/** A minute of a day, of which each has as many: those of a day that is cut are shorter. */
export function instantIn(
  days: readonly Period[],
  { day, minute }: { readonly day: number; readonly minute: number },
): EpochMicros {
  const period = dayAt(days, day);
  const share = Math.min(1, (period.endMicros - period.startMicros) / (24 * 60 * MINUTE_MICROS));
  return period.startMicros + Math.floor(minute * MINUTE_MICROS * share);
}

/** When a day begins. */
export function startOf(days: readonly Period[], day: number): EpochMicros {
  return dayAt(days, day).startMicros;
}

function dayAt(days: readonly Period[], day: number): Period {
  const period = days[day];
  if (period === undefined) throw new Error(`there is no day ${day}`);
  return period;
}

async function makeChanges(
  stack: IngestStack,
  tenant: string,
  days: readonly Period[],
  changes: History['changes'],
  day: number,
): Promise<void> {
  for (const change of changes.filter((one) => one.day === day)) {
    await makeChange(stack, tenant, change.to, instantIn(days, change));
  }
  await stack.catalogue.reload();
}

/** Each event twice: the second one is known. */
async function send(stack: IngestStack, key: string, tenant: string, events: readonly AcceptedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const bodies = events.map(({ id, type, atMicros, quantity, region, user }) => {
    return { id, tenant, type, occurredAt: formatInstant(atMicros), quantity, properties: { region, user } };
  });
  for (const expected of ['accepted', 'duplicate']) {
    const answers = await stack.send(key, bodies);
    const other = answers.find(({ outcome }) => outcome !== expected);
    if (other !== undefined) throw new Error(`an event was to be ${expected}: ${JSON.stringify(other)}`);
  }
}

/** The steps of a cycle as a worker would run them; what is unusual is approved. */
async function bill(stack: IngestStack, tenant: string, periodStart: InstantText): Promise<InvoiceContent> {
  const cycle = { tenant, periodStart, revision: 0 };
  await openCycle(stack.pool, { ...cycle, workflowId: `close-cycle/${tenant}/${periodStart}` }, stack.service.clock());
  const steps: CycleActivities = createCycleActivities(billingDeps(stack));
  await run(() => steps.sealPeriod(cycle));
  await run(() => steps.passBarrier(cycle));
  const { holdReasons } = await run(() => steps.reconcileUsage(cycle));
  if (holdReasons.length > 0) throw new Error(holdReasons.join('; '));
  const rated = await run(() => steps.rateCycle(cycle));
  if (rated.status !== 'rated') throw new Error(JSON.stringify(rated));
  if (rated.holdReasons.length > 0) {
    await steps.decideHold({ ...cycle, decision: 'approved', actor: 'ada', reason: 'as expected' });
  }
  await run(() => steps.issueCycle(cycle));
  const invoice = await readInvoice(stack.pool, rated.invoiceId);
  if (invoice === undefined) throw new Error(`invoice ${rated.invoiceId} is not there`);
  return invoice.content;
}

/** Runs one step as a worker would. */
async function run<Answer>(step: () => Promise<Answer>): Promise<Answer> {
  return new MockActivityEnvironment().run(step);
}
