import * as fc from 'fast-check';

import { canonicalJson } from '../../src/domain/canonical.ts';
import type { Aggregation } from '../../src/domain/meter.ts';
import type { Charge } from '../../src/domain/plan.ts';
import { type Exact, exact, ZERO } from '../../src/rating/exact.ts';
import type { UsageFigures, UsagePart } from '../../src/rating/inputs.ts';
import { readingOf } from '../../src/rating/reading-of.ts';
import { DIMENSIONS, quantities, VALUES } from './generated-charges.ts';

/** One event of a generated period. */
export interface GeneratedEvent {
  readonly quantity: string;
  readonly values: Readonly<Record<string, string>>;
  /** Hours since the period began. */
  readonly hour: number;
}

const HOURS_MAX = 24 * 30;
const PERIOD_START_MS = Date.UTC(2023, 10, 1);
const HOUR_MS = 3_600_000;

export const generatedEvents: fc.Arbitrary<readonly GeneratedEvent[]> = fc.array(
  fc.record({
    quantity: quantities,
    values: fc.record({ region: fc.constantFrom(...VALUES), tier: fc.constantFrom(...VALUES) }, { requiredKeys: [] }),
    hour: fc.integer({ min: 0, max: HOURS_MAX - 1 }),
  }),
  { maxLength: 12 },
);

/** Events that a charge's filter leaves. */
export function filtered({ filter = {} }: Charge, events: readonly GeneratedEvent[]): readonly GeneratedEvent[] {
  return events.filter(({ values }) =>
    Object.entries(filter).every(([dimension, allowed]) => allowed.includes(values[dimension] ?? '')),
  );
}

/** What the ledger would say of events to a charge: filtered, summed, and in the one order that recorded inputs have. */
export function figuresOf(charge: Charge, events: readonly GeneratedEvent[], aggregation: Aggregation): UsageFigures {
  const taken = filtered(charge, events);
  const reading = readingOf(charge);
  const quantity = together(taken, aggregation).text;
  if (reading.reads === 'quantity') return { quantity };
  if (reading.reads === 'events') return { quantity, amounts: taken.map((event) => [event.quantity, 1] as const) };
  const groups = Map.groupBy(taken, (event) => canonicalJson(placeOf(event, reading)));
  const parts = [...groups].map(([place, ofPlace]): UsagePart => {
    const { values, bucket } = JSON.parse(place) as Pick<UsagePart, 'values' | 'bucket'>;
    return { values, bucket, quantity: together(ofPlace, aggregation).text, eventCount: `${ofPlace.length}` };
  });
  return { quantity, parts: parts.toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1)) };
}

function orderOf({ values, bucket }: UsagePart): string {
  return `${bucket ?? ''} ${canonicalJson(values)}`;
}

function placeOf(
  { values, hour }: GeneratedEvent,
  { dimensions, bucket }: { readonly dimensions: readonly string[]; readonly bucket: 'hour' | 'day' | null },
): Pick<UsagePart, 'values' | 'bucket'> {
  const named = DIMENSIONS.filter((name) => dimensions.includes(name) && values[name] !== undefined);
  const hours = bucket === 'day' ? Math.floor(hour / 24) * 24 : hour;
  return {
    values: Object.fromEntries(named.map((name) => [name, values[name] ?? ''])),
    bucket: bucket === null ? null : instantOf(hours),
  };
}

/** An hour of the generated period as an instant. */
export function instantOf(hours: number): string {
  return new Date(PERIOD_START_MS + hours * HOUR_MS).toISOString().replace('.000Z', 'Z');
}

function together(events: readonly GeneratedEvent[], aggregation: Aggregation): Exact {
  // To rating a gauge is value × seconds, however the ledger comes to them: here, each event adds to it until the period ends.
  const seconds = ({ hour }: GeneratedEvent): Exact => {
    return exact(aggregation === 'latest' ? BigInt((HOURS_MAX - hour) * 3_600) : 1n);
  };
  const values = events.map((event) => exact(event.quantity).times(seconds(event)));
  if (aggregation === 'max') return values.reduce((peak, value) => peak.atLeast(value), ZERO);
  return values.reduce((sum, value) => sum.plus(value), ZERO);
}
