import type { JsonValue } from '../domain/event.ts';
import type { GroupEvent, GroupReading, UsageGroup } from './usage-group.ts';

/**
 * What a journal entry keeps of a group: what was interpreted, and the events. It carries its own meaning, so that the drain
 * needs no catalogue. Read by `src/journal/decode-entry.ts`; why it has this form: decision 16.
 */

/** Field `i` of an entry: the tables that its events point into. */
export function interpretationJson(group: UsageGroup): string {
  return JSON.stringify({
    tenants: group.tenants.map(({ id, gateVersion }) => ({ id, gate: gateVersion })),
    periods: group.periods.map((period) => [
      period.tenantIndex,
      period.usageStart,
      period.accountingStart,
      period.timeZone,
    ]),
    meters: group.meters.map(({ key, scale, aggregation }) => [key, scale, aggregation]),
  });
}

/**
 * Field `e` of an entry: its events, refused ones included, in the order of the request. The first line is a JSON object of
 * columns; then comes one line per event with its properties as JSON text, empty when it has none (JSON as it is written here
 * has no line feed). A column is a list with one value per event, or the one value that all events share:
 *
 *     {"base":1700130600000000,"at":[0,12],"period":0,"id":["a","b"],"type":"llm.request","quantity":"1",
 *      "readings":[[0,"1"],[1,["1000",null],[{"model":"large"}],0]]}
 *
 * `at` is in microseconds behind `base`. A reading is `[meter, values]`, `null` where the meter does not read an event; with
 * dimensions `[meter, values, the distinct dimensions, column of places in that list]`, `null` where an event has none.
 */
export function eventsText(events: readonly GroupEvent[]): string {
  const base = events[0]?.occurredAtMicros ?? 0;
  const head = JSON.stringify({
    base,
    at: column(events.map((event) => event.occurredAtMicros - base)),
    period: column(events.map((event) => event.periodIndex)),
    id: events.map((event) => event.id),
    type: column(events.map((event) => event.type)),
    quantity: column(events.map((event) => event.quantity)),
    readings: readingColumns(events),
  });
  let text = head;
  for (const { propertiesText } of events) text += propertiesText === null ? '\n' : `\n${propertiesText}`;
  return text;
}

function column<Value extends string | number | null>(values: readonly Value[]): Value | readonly Value[] {
  const first = values[0];
  return first !== undefined && values.every((value) => value === first) ? first : values;
}

interface ReadingColumn {
  readonly values: (string | null)[];
  readonly places: (number | null)[];
  readonly dimensions: Readonly<Record<string, JsonValue>>[];
  readonly placeOf: Map<string, number>;
}

function readingColumns(events: readonly GroupEvent[]): unknown[][] {
  const columns = new Map<number, ReadingColumn>();
  events.forEach((event, place) => {
    for (const reading of event.readings) {
      let target = columns.get(reading.meterIndex);
      if (target === undefined) {
        target = { values: [], places: [], dimensions: [], placeOf: new Map() };
        columns.set(reading.meterIndex, target);
      }
      setAt(target.values, place, reading.valueText);
      if (reading.dimensions !== undefined) setAt(target.places, place, dimensionPlace(target, reading.dimensions));
    }
  });
  return [...columns].map(([meterIndex, { values, places, dimensions }]) => {
    fill(values, events.length);
    if (dimensions.length === 0) return [meterIndex, column(values)];
    fill(places, events.length);
    return [meterIndex, column(values), dimensions, column(places)];
  });
}

/** Puts a value at its place; the events before it that have none get `null`. */
function setAt<Value>(values: (Value | null)[], place: number, value: Value): void {
  fill(values, place);
  values[place] = value;
}

function fill(values: unknown[], length: number): void {
  while (values.length < length) values.push(null);
}

/** Dimensions repeat within a batch: each distinct one is written, and later read, once. */
function dimensionPlace(target: ReadingColumn, dimensions: NonNullable<GroupReading['dimensions']>): number {
  const text = JSON.stringify(dimensions);
  let place = target.placeOf.get(text);
  if (place === undefined) {
    place = target.dimensions.push(dimensions) - 1;
    target.placeOf.set(text, place);
  }
  return place;
}
