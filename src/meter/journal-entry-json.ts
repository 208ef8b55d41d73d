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
  const at: number[] = [];
  const period: number[] = [];
  const id: string[] = [];
  const type: string[] = [];
  const quantity: string[] = [];
  let lines = '';
  for (const event of events) {
    at.push(event.occurredAtMicros - base);
    period.push(event.periodIndex);
    id.push(event.id);
    type.push(event.type);
    quantity.push(event.quantity);
    lines += event.propertiesText === null ? '\n' : `\n${event.propertiesText}`;
  }
  const head = {
    base,
    at: column(at),
    period: column(period),
    id,
    type: column(type),
    quantity: column(quantity),
    readings: readingColumns(events),
  };
  return JSON.stringify(head) + lines;
}

function column<Value extends string | number | null>(values: readonly Value[]): Value | readonly Value[] {
  const first = values[0];
  if (first === undefined) return values;
  for (const value of values) if (value !== first) return values;
  return first;
}

interface ReadingColumn {
  readonly values: (string | null)[];
  readonly places: (number | null)[];
  readonly dimensions: Dimensions[];
  readonly placeOf: Map<Dimensions | string, number>;
}

type Dimensions = NonNullable<GroupReading['dimensions']>;

function readingColumns(events: readonly GroupEvent[]): unknown[][] {
  const columns = new Map<number, ReadingColumn>();
  for (let place = 0; place < events.length; place += 1) {
    const { readings = [], meterIndexes = [] } = events[place] ?? {};
    for (let index = 0; index < readings.length; index += 1) {
      const reading = readings[index];
      if (reading !== undefined) addReading(columnOf(columns, meterIndexes[index] ?? 0), place, reading);
    }
  }
  return [...columns].map(([meterIndex, { values, places, dimensions }]) => {
    fill(values, events.length);
    if (dimensions.length === 0) return [meterIndex, column(values)];
    fill(places, events.length);
    return [meterIndex, column(values), dimensions, column(places)];
  });
}

function columnOf(columns: Map<number, ReadingColumn>, meterIndex: number): ReadingColumn {
  let target = columns.get(meterIndex);
  if (target === undefined) {
    target = { values: [], places: [], dimensions: [], placeOf: new Map() };
    columns.set(meterIndex, target);
  }
  return target;
}

function addReading(target: ReadingColumn, place: number, { valueText, dimensions }: GroupReading): void {
  setAt(target.values, place, valueText);
  if (dimensions !== undefined) setAt(target.places, place, dimensionPlace(target, dimensions));
}

/** Puts a value at its place; the events before it that have none get `null`. */
function setAt<Value>(values: (Value | null)[], place: number, value: Value): void {
  fill(values, place);
  values[place] = value;
}

function fill(values: unknown[], length: number): void {
  while (values.length < length) values.push(null);
}

/** Dimensions repeat within a batch: each distinct one is written, and later read, once. Mostly they are one object too (`readDimensions`). */
function dimensionPlace(target: ReadingColumn, dimensions: Dimensions): number {
  const known = target.placeOf.get(dimensions);
  if (known !== undefined) return known;
  const text = JSON.stringify(dimensions);
  let place = target.placeOf.get(text);
  if (place === undefined) {
    place = target.dimensions.push(dimensions) - 1;
    target.placeOf.set(text, place);
  }
  target.placeOf.set(dimensions, place);
  return place;
}
