import { propertiesJson, type TextPart } from '../ledger/usage-row.ts';
import { parseField, requireArray } from './decode-interpretation.ts';
import { JournalDataError } from './journal-entry.ts';

/** One value per event, or the one that all share. No value of a column is itself a list. */
export type Column = unknown;

/** Field `e` of an entry as it was written (the form stands at `eventsText` in src/meter). */
export interface EventColumns {
  readonly eventCount: number;
  /** Epoch microseconds; the instants of the events are relative to it. */
  readonly base: number;
  readonly at: Column;
  readonly period: Column;
  readonly id: Column;
  readonly type: Column;
  readonly quantity: Column;
  readonly readings: readonly ReadingColumns[];
  /** One line per event with its properties as JSON text. */
  readonly properties: TextLines;
}

const LINE_FEED = 0x0a;

/** The lines behind a first one, none of them read: most go on as they came. */
export class TextLines {
  readonly #bytes: Buffer;
  /** Where each line begins; then where one more would. */
  readonly #starts: number[] = [];
  /** Where the first line ends. */
  readonly headEnd: number;
  readonly count: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, end + 1)) {
      this.#starts.push(end + 1);
    }
    this.count = this.#starts.length;
    this.#starts.push(bytes.length + 1);
    this.headEnd = (this.#starts[0] ?? 0) - 1;
  }

  /** `null` where the line is empty. */
  at(place: number): TextPart | null {
    const start = this.#starts[place] ?? 0;
    const end = (this.#starts[place + 1] ?? 0) - 1;
    return start < end ? { bytes: this.#bytes, start, end } : null;
  }
}

/** What one meter reads from the events. */
export interface ReadingColumns {
  readonly meter: unknown;
  readonly values: Column;
  /** The distinct dimensions; empty for a meter without any. */
  readonly dimensions: readonly unknown[];
  readonly places: Column;
}

/** The value of a column for one event. */
export function valueAt(column: Column, place: number): unknown {
  return Array.isArray(column) ? (column as readonly unknown[])[place] : column;
}

/** Splits field `e` into its columns. Throws `JournalDataError` when they do not fit together: then no event can be trusted. */
export function readEventColumns(bytes: Buffer): EventColumns {
  const properties = new TextLines(bytes);
  const headText = bytes.toString('utf8', 0, properties.headEnd);
  const head = parseField(headText, 'the head of field e') as Record<string, unknown> | null;
  const eventCount = properties.count;
  const { base, at, period, id, type, quantity } = head ?? {};
  if (!Number.isSafeInteger(base)) throw new JournalDataError('field e has no base instant');
  const readings = requireArray(head?.['readings'], 'e.readings').map(readReadingColumns);
  const columns = { at, period, id, type, quantity };
  for (const [name, column] of Object.entries(columns)) requireLength(column, eventCount, `e.${name}`);
  for (const { values, places } of readings) {
    requireLength(values, eventCount, 'the values of a reading');
    requireLength(places, eventCount, 'the dimensions of a reading');
  }
  return { eventCount, base: base as number, ...columns, readings, properties };
}

function readReadingColumns(value: unknown): ReadingColumns {
  const [meter, values, dimensions, places] = requireArray(value, 'reading');
  return {
    meter,
    values,
    dimensions: dimensions === undefined ? [] : requireArray(dimensions, 'the dimensions of a reading'),
    places: places ?? null,
  };
}

function requireLength(column: Column, eventCount: number, name: string): void {
  if (Array.isArray(column) && column.length !== eventCount) {
    throw new JournalDataError(`${name} has ${column.length} values for ${eventCount} events`);
  }
}

/** Field `e` of an entry that holds one of these events alone. */
export function columnsOfOne(columns: EventColumns, place: number): string {
  const head = {
    base: columns.base,
    at: valueAt(columns.at, place),
    period: valueAt(columns.period, place),
    id: valueAt(columns.id, place),
    type: valueAt(columns.type, place),
    quantity: valueAt(columns.quantity, place),
    readings: columns.readings.map(({ meter, values, dimensions, places }) => {
      const dimensionPlace = valueAt(places, place);
      const value = valueAt(values, place);
      return typeof dimensionPlace === 'number' ? [meter, value, [dimensions[dimensionPlace]], 0] : [meter, value];
    }),
  };
  return `${JSON.stringify(head)}\n${propertiesJson({ properties: columns.properties.at(place) }) ?? ''}`;
}
