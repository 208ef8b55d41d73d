import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { EventResult } from '../domain/outcome.ts';
import { scaledText } from '../domain/quantity.ts';
import { limitedCounterName } from '../meter/usage-group.ts';
import type { BoundedReading } from './judge-event.ts';
import type { NamedPeriod } from './period-finder.ts';
import type { Acceptable, AppliedGroup, Forbidden, Parcel, PlannedEvent } from './plan-groups.ts';
import type { Reading } from './read-meters.ts';

/** What one event counts, for whoever knows its price. */
export interface CostQuestion {
  readonly entry: TenantEntry;
  /** The event's own time. */
  readonly atMicros: EpochMicros;
  readonly usagePeriod: NamedPeriod;
  /** Its period is sealed: it is billed as the difference that it makes. */
  readonly isLate: boolean;
  readonly readings: readonly MeteredValue[];
}

/** What one meter reads of an event. Quantities are whole units, plain decimals. */
export interface MeteredValue {
  readonly meter: Meter;
  readonly quantity: string;
  /** Of the meter's dimensions; one that the event does not have is not there. */
  readonly values: Readonly<Record<string, string>>;
  /** What the meter showed for the tenant in the period before the event; `null`: not known. */
  readonly usedBefore: string | null;
}

/** A cost, or none and why. */
export interface CostAnswer {
  readonly cost: NonNullable<EventResult['cost']> | null;
  readonly costReason?: string;
}

/** Prices one event. Given by whoever may know of prices, since ingest does not. */
export type PriceUsage = (question: CostQuestion) => CostAnswer;

/** Aggregations in which an event adds what it counts, so that a total tells what it was before. */
const ADDING: ReadonlySet<string> = new Set(['count', 'sum']);

/**
 * A parcel whose events ask what they cost: the totals of their counters come back with the call, and each accepted event is told its
 * cost once the call was applied.
 */
export function withCosts(parcel: Parcel, priceUsage: PriceUsage): Parcel {
  const events = parcel.events.map(watched);
  const own = new Set<unknown>(events);
  const isAsked = (planned: PlannedEvent<Acceptable>): boolean => own.has(planned);
  return { ...parcel, events, onApplied: (applied) => tellCosts(applied, isAsked, priceUsage) };
}

/** The list of bounds is a new one, so that the call looks the counter up again where other events did not ask for its total. */
function watched(planned: PlannedEvent<Acceptable | Forbidden>): PlannedEvent<Acceptable | Forbidden> {
  const { judgement } = planned;
  if (judgement.kind !== 'acceptable' || isLate(judgement)) return planned;
  const readings = judgement.readings.map((reading): BoundedReading => {
    if (!ADDING.has(reading.meter.aggregation)) return reading;
    return { ...reading, bounds: [...(reading.bounds ?? [])], isWatched: true };
  });
  return { ...planned, judgement: { ...judgement, readings } };
}

/** Follows the counters through a call in the order in which its events were counted, those of other requests included. */
function tellCosts(
  { planned: { events }, answer: { totals, statuses } }: AppliedGroup,
  isAsked: (planned: PlannedEvent<Acceptable>) => boolean,
  priceUsage: PriceUsage,
): void {
  const used = new Map([...totals].map(([name, total]) => [name, BigInt(total)]));
  for (const [place, { judgement }] of events.entries()) if (statuses[place] === 'A') move(used, judgement, -1n);
  for (const [place, planned] of events.entries()) {
    if (statuses[place] !== 'A') continue;
    if (isAsked(planned)) tell(planned, priceUsage(questionOf(planned, used)));
    move(used, planned.judgement, 1n);
  }
}

function move(used: Map<string, bigint>, judgement: Acceptable, sign: bigint): void {
  if (isLate(judgement)) return;
  for (const { meter, scaled } of judgement.readings) {
    const name = counterOf(judgement, meter);
    const total = used.get(name);
    if (total !== undefined && ADDING.has(meter.aggregation)) used.set(name, total + sign * BigInt(scaled));
  }
}

function tell({ pending: { answers, place } }: PlannedEvent<Acceptable>, cost: CostAnswer): void {
  const result = answers[place];
  if (result !== undefined) answers[place] = { ...result, ...cost };
}

function questionOf({ pending, judgement }: PlannedEvent<Acceptable>, used: ReadonlyMap<string, bigint>): CostQuestion {
  const { entry, usagePeriod, readings } = judgement;
  return {
    entry,
    atMicros: pending.event.occurredAtMicros,
    usagePeriod,
    isLate: isLate(judgement),
    readings: readings.map((reading) => {
      const before = ADDING.has(reading.meter.aggregation) ? used.get(counterOf(judgement, reading.meter)) : undefined;
      return meteredValue(reading, before);
    }),
  };
}

/** @param before the scaled total that the meter showed; `undefined`: it is not known */
export function meteredValue({ meter, scaled, dimensions = {} }: Reading, before: bigint | undefined): MeteredValue {
  const values = Object.entries(dimensions).flatMap(([name, value]) => {
    const text = valueText(value);
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    meter,
    quantity: scaledText(scaled, meter.scale),
    values: Object.fromEntries(values),
    usedBefore: before === undefined ? null : scaledText(before, meter.scale),
  };
}

/** As charges name values: a number is its digits. */
function valueText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function isLate({ usagePeriod, accountingPeriod }: Acceptable): boolean {
  return usagePeriod !== accountingPeriod;
}

function counterOf({ entry, accountingPeriod }: Acceptable, meter: Meter): string {
  return limitedCounterName(entry.tenant.id, accountingPeriod.start, meter.key);
}
