import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { requireInstant, type EpochMicros } from '../../src/domain/instant.ts';
import type { InvoiceLine } from '../../src/domain/invoice.ts';
import type { Charge } from '../../src/domain/plan.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';
import {
  type AcceptedEvent,
  type BilledHistory,
  type History,
  HISTORY_CATALOGUE,
  instantIn,
  runHistory,
  type SentEvent,
  startOf,
  TIME_ZONES,
} from './billed-history.ts';
import { ADD_ON, CHANGES, OWN_PRICE, PLANS } from './history-changes.ts';

/** How many histories are tried: each is some days of a tenant on the real stores, about a second. */
const HISTORY_RUNS = Number(process.env['HISTORY_RUNS'] ?? '5');
/** A smaller history that fails takes as long to look for as many larger ones. */
const RUNS = { numRuns: HISTORY_RUNS, endOnFailure: true };
const DAYS = 3;
const MINUTES = 24 * 60;
const TIMEOUT_MS = 3_600_000;

let stack: IngestStack;
let key: string;
let tenants = 0;

beforeAll(async () => {
  stack = await createIngestStack({ now: '2026-10-31T00:00:00Z', yaml: HISTORY_CATALOGUE, shardCount: 1 });
  key = await stack.createKey('write', ['ingest']);
});
afterAll(() => stack.close());

/** Where an event is in the journal, as lines say it. */
async function readPositions(tenant: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await stack.pool.query<{ event_id: string; position: string }>(
    `select event_id, epoch || '-' || sequence as position from usage_event where tenant = $1::text`,
    [tenant],
  );
  return new Map(rows.map(({ event_id: id, position }) => [id, position]));
}

/** The events that a line says it bills: of its charge, in its window, as its two periods took them. */
function eventsBehind({ days, accepted }: BilledHistory, { provenance }: InvoiceLine): readonly AcceptedEvent[] {
  const { usagePeriodStart, accountingPeriodStart, from, to } = provenance;
  const isOwn = provenance.privatePriceFrom !== undefined;
  const charge = isOwn ? OWN_PRICE : chargesOf(provenance.planKey).find((one) => one.key === provenance.charge);
  return accepted.filter((event) => {
    const isInPeriods =
      startOf(days, event.day) === requireInstant(usagePeriodStart) &&
      startOf(days, event.accountingDay) === requireInstant(accountingPeriodStart);
    const isInWindow = event.atMicros >= requireInstant(from) && event.atMicros < requireInstant(to);
    return isInPeriods && isInWindow && charge !== undefined && takes(charge, event);
  });
}

/** Every event whose period has its bill, with each charge that takes it of the plan of its instant. */
function pairsOf({ days, accepted }: BilledHistory, history: History): string[] {
  return accepted
    .filter(({ accountingDay }) => accountingDay < history.sent.length)
    .flatMap((event) => {
      return chargesAt(history, days, event.atMicros)
        .filter(({ charge }) => takes(charge, event))
        .map(({ plan, charge }) => `${event.id}: ${plan}, ${charge.key}`);
    });
}

/** What a tenant is under at an instant: the charges of its plan or its own in their place, and those of its add-on. */
function chargesAt(
  { plan: first, changes }: History,
  days: BilledHistory['days'],
  atMicros: EpochMicros,
): readonly { readonly plan: string; readonly charge: Charge }[] {
  const past = changes.filter((change) => instantIn(days, change) <= atMicros).map(({ to }) => to);
  const plan = past.findLast((to) => PLANS.some((one) => one === to)) ?? first;
  const isOwn = past.findLast((to) => to.endsWith('own_price')) === 'own_price';
  const hasAddOn = past.findLast((to) => to.endsWith('add_on')) === 'add_on';
  const charges = chargesOf(plan).map((charge) => (isOwn && charge.key === OWN_PRICE.key ? OWN_PRICE : charge));
  return [
    ...charges.map((charge) => ({ plan, charge })),
    ...(hasAddOn ? chargesOf(ADD_ON) : []).map((charge) => ({ plan: ADD_ON, charge })),
  ];
}

/** As the catalogue has them. */
function chargesOf(plan: string): readonly Charge[] {
  const spans = [...stack.catalogue.current().tenants.values()].flatMap(({ plans, addOns }) => [...plans, ...addOns]);
  return spans.find((span) => span.plan.key === plan)?.plan.charges ?? [];
}

/** Meters by the type of their events, and what a filter leaves. */
function takes({ meter, filter }: Charge, { type, region }: AcceptedEvent): boolean {
  if (type === 'stored' || meter === 'stored') return type === meter;
  return filter?.['region']?.includes(region ?? '') ?? true;
}

/** From the first to the last in the journal. */
function rangeOf(positions: readonly string[]): InvoiceLine['provenance']['ledgerRange'] {
  const sorted = positions.toSorted((one, other) => Number(one.split('-')[1]) - Number(other.split('-')[1]));
  const [first, last] = [sorted[0], sorted.at(-1)];
  return first === undefined || last === undefined ? null : { shard: 0, first, last };
}

/** Minutes that changes of plans fall on too. */
const minutes = fc.oneof(fc.constantFrom(0, 61, 630), fc.nat(MINUTES - 1));

/** Sent after the end of a day: of that day, of one before, or of the first minutes of the next. */
function eventsSentAfter(sentAfter: number): fc.Arbitrary<readonly SentEvent[]> {
  const event = fc.record({
    type: fc.constantFrom('calls' as const, 'calls', 'calls', 'stored'),
    day: fc.nat(sentAfter + 1),
    minute: minutes,
    quantity: fc.oneof(fc.nat(3), fc.nat(50)),
    region: fc.constantFrom('eu', 'us', undefined),
    user: fc.constantFrom('ada', 'bob', 'eve'),
  });
  const inTime = event.map((one) => (one.day > sentAfter ? { ...one, minute: one.minute % 30 } : one));
  return fc.array(inTime, { minLength: 2, maxLength: 8 });
}

const histories: fc.Arbitrary<History> = fc.record({
  timeZone: fc.constantFrom(...TIME_ZONES),
  plan: fc.constantFrom(...PLANS),
  trialDays: fc.constantFrom(undefined, undefined, 1),
  anchor: fc.option(fc.record({ fromDay: fc.integer({ min: 1, max: DAYS - 1 }), hours: fc.constantFrom(7, 12) }), {
    nil: undefined,
  }),
  changes: fc
    .uniqueArray(
      fc.record({ day: fc.nat(DAYS - 1), minute: minutes, to: fc.constantFrom(...CHANGES) }),
      // One instant has one change.
      { minLength: 1, maxLength: 4, selector: ({ day, minute }) => `${day} ${minute}` },
    )
    .map((list) => list.toSorted((one, other) => one.day - other.day || one.minute - other.minute)),
  // Nothing happens in the last day but what is late.
  sent: fc.tuple(...Array.from({ length: DAYS }, (_, day) => eventsSentAfter(day))),
});

test(
  'every accepted event is on exactly one live line of every charge that takes it, in time or late, whatever changed',
  { timeout: TIMEOUT_MS },
  async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        tenants += 1;
        const tenant = `once-${tenants}`;
        const billed = await runHistory(stack, key, tenant, history);
        const positions = await readPositions(tenant);
        const seen = new Map<string, number>();
        for (const line of billed.bills.flatMap(({ lines }) => lines)) {
          if (line.provenance.meter === null) continue;
          const behind = eventsBehind(billed, line);
          expect({ line: line.key, events: line.provenance.eventCount }).toEqual({
            line: line.key,
            events: line.kind === 'usage' || line.kind === 'late_usage' ? `${behind.length}` : expect.any(String),
          });
          expect(line.provenance.ledgerRange).toEqual(rangeOf(behind.map(({ id }) => positions.get(id) ?? 'nowhere')));
          if (line.kind !== 'usage' && line.kind !== 'late_usage') continue;
          for (const { id } of behind) {
            const pair = `${id}: ${line.provenance.planKey}, ${line.provenance.charge}`;
            seen.set(pair, (seen.get(pair) ?? 0) + 1);
          }
        }
        const expected = pairsOf(billed, history);
        expect([...seen].map(([pair, times]) => `${pair} ${times}`).toSorted()).toEqual(
          expected.map((pair) => `${pair} 1`).toSorted(),
        );
      }),
      RUNS,
    );
  },
);

test(
  'a tenant pays for each day what it would have paid had nothing come late, but for gauges that go on into days that were billed',
  { timeout: TIMEOUT_MS },
  async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        tenants += 1;
        const ofDay = (day: number): SentEvent[] => history.sent.flat().filter((event) => event.day === day);
        const inTime = { ...history, sent: history.sent.map((_, day) => ofDay(day)) };
        const late = await runHistory(stack, key, `late-${tenants}`, history);
        const punctual = await runHistory(stack, key, `punctual-${tenants}`, inTime);
        expect(amountsByDay(late)).toEqual(amountsByDay(punctual));
      }),
      RUNS,
    );
  },
);

/** Minor units by the period that they are for, however many bills they are on. */
function amountsByDay({ bills, days }: BilledHistory): string[] {
  const lines = bills.flatMap((bill) => bill.lines).filter(({ provenance }) => provenance.charge !== 'stored');
  return days.map(({ startMicros }) => {
    const ofDay = lines.filter(({ provenance }) => requireInstant(provenance.usagePeriodStart) === startMicros);
    return ofDay.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n).toString();
  });
}
