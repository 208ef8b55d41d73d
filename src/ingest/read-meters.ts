import { canonicalJson } from '../domain/canonical.ts';
import type { JsonObject, JsonValue } from '../domain/event.ts';
import type { Meter, MeterCondition } from '../domain/meter.ts';
import { parseQuantity, scaledText, type ScaledQuantity } from '../domain/quantity.ts';
import { valueDigest } from '../meter/digests.ts';
import type { CheckedEvent } from './check-event.ts';
import { ownProperty, type Fault } from './check-properties.ts';
import { weighProperties, type Weights } from './weigh-properties.ts';

/** What meters read of an event. */
export type ReadableEvent = Pick<CheckedEvent, 'quantity' | 'quantityPath' | 'properties' | 'propertiesPath'>;

/** What one meter reads from one event. */
export interface Reading {
  readonly meter: Meter;
  /** A plain decimal of whole units; the keyed digest in hex for `unique`. */
  readonly valueText: string;
  readonly scaled: ScaledQuantity;
  readonly dimensions?: Readonly<Record<string, JsonValue>>;
}

/**
 * Reads an event's value for every meter whose filter matches. One value that cannot be read refuses the whole event: all of
 * its meters count it, or none.
 */
export function readMeters(
  meters: readonly Meter[],
  event: ReadableEvent,
  digestSecret: Buffer,
): { readonly readings: readonly Reading[] } | { readonly fault: Fault } {
  const readings: Reading[] = [];
  for (const meter of meters) {
    if (!matchesFilter(meter.filter, event.properties)) continue;
    const reading = readValue(meter, event, digestSecret);
    if ('fault' in reading) return reading;
    if (meter.dimensions.length === 0) {
      readings.push(reading);
      continue;
    }
    const read = readDimensions(meter, event);
    if ('fault' in read) return read;
    const { scaled, valueText } = reading;
    readings.push({ meter, scaled, valueText, dimensions: read.dimensions });
  }
  return { readings };
}

/** Whether all conditions hold. Values are compared by meaning; a property that is absent equals nothing. */
function matchesFilter(filter: readonly MeterCondition[], properties: JsonObject | null): boolean {
  if (filter.length === 0) return true;
  return filter.every((condition) => {
    const value = ownProperty(properties, condition.property);
    if (condition.exists !== undefined) return condition.exists === (value !== undefined);
    if (value === undefined) return false;
    const candidates = condition.in ?? (condition.equals === undefined ? [] : [condition.equals]);
    return candidates.some((candidate) => canonicalJson(candidate) === canonicalJson(value));
  });
}

/** A reading without its dimensions. */
type ReadValue = Reading | { readonly fault: Fault };

function readValue(meter: Meter, event: ReadableEvent, digestSecret: Buffer): ReadValue {
  if (meter.aggregation === 'count') return countReading(meter);
  const { value } = meter;
  if (value.from === 'quantity') {
    if (meter.aggregation === 'unique')
      return uniqueReading(meter, { value: event.quantity, path: event.quantityPath }, digestSecret);
    return scaledReading(meter, event.quantity, event.quantityPath);
  }
  if (value.from === 'weights') return weightedReading(meter, value.weights, event);
  const path = `${event.propertiesPath}.${value.property}`;
  const property = ownProperty(event.properties, value.property);
  if (property === undefined) return { fault: { path, reason: `is required: the meter ${meter.key} reads it` } };
  if (meter.aggregation === 'unique') return uniqueReading(meter, { value: property, path }, digestSecret);
  return scaledReading(meter, property, path);
}

const countReadings = new WeakMap<Meter, ReadValue>();

/** Every event counts the same: one object for all of them. */
function countReading(meter: Meter): ReadValue {
  let reading = countReadings.get(meter);
  if (reading === undefined) countReadings.set(meter, (reading = scaledReading(meter, 1, 'quantity')));
  return reading;
}

function scaledReading(meter: Meter, value: unknown, path: string): ReadValue {
  const scaled = parseQuantity(value, meter.scale);
  if (scaled !== undefined) return { meter, scaled, valueText: scaledText(scaled, meter.scale) };
  const reason =
    `the meter ${meter.key} reads a whole number or a string of plain digits here, with at most ${meter.scale} digits ` +
    `behind the point, not negative, at most ${scaledText(Number.MAX_SAFE_INTEGER, meter.scale)}`;
  return { fault: { path, reason } };
}

function weightedReading(meter: Meter, weights: Weights, event: ReadableEvent): ReadValue {
  const weighed = weighProperties(meter, weights, event);
  if ('fault' in weighed) return weighed;
  return { meter, scaled: weighed.scaled, valueText: scaledText(weighed.scaled, meter.scale) };
}

function uniqueReading(
  meter: Meter,
  { value, path }: { readonly value: JsonValue; readonly path: string },
  digestSecret: Buffer,
): ReadValue {
  if (typeof value === 'object') return { fault: { path, reason: 'must be a string, a number, true or false' } };
  return { meter, scaled: 0, valueText: valueDigest(digestSecret, value) };
}

/** Names and values of one meter's dimensions as compact JSON. They are part of a rollup's key, and an index entry has 2,704 bytes. */
const DIMENSION_BYTES_MAX = 1_024;

type ReadDimensions = { readonly dimensions: Readonly<Record<string, JsonValue>> } | { readonly fault: Fault };

/**
 * Reads an event's value of every dimension of a meter; `null` where it has none. A fault is refused here, because the ledger could
 * only set the event aside after it was accepted.
 */
export function readDimensions(
  meter: Meter,
  event: Pick<CheckedEvent, 'properties' | 'propertiesPath'>,
): ReadDimensions {
  const [only = ''] = meter.dimensions;
  const value = meter.dimensions.length === 1 ? ownProperty(event.properties, only) : undefined;
  if (typeof value !== 'string' || value.length > KNOWN_CHARACTERS_MAX) return readEachDimension(meter, event);
  let known = knownValues.get(meter);
  if (known === undefined || known.size >= KNOWN_VALUES_MAX) knownValues.set(meter, (known = new Map()));
  let read = known.get(value);
  if (read === undefined) {
    read = readEachDimension(meter, event);
    // A fault says where it is in the event as it was sent, and CloudEvents have their properties elsewhere.
    if ('dimensions' in read) known.set(value, read);
  }
  return read;
}

const KNOWN_VALUES_MAX = 1_000;
const KNOWN_CHARACTERS_MAX = 64;

/**
 * By meters with one dimension: what its usual values read as. They repeat from event to event, and one object for all events of a value
 * is written to the journal once without being compared.
 */
const knownValues = new WeakMap<Meter, Map<string, ReadDimensions>>();

function readEachDimension(meter: Meter, event: Pick<CheckedEvent, 'properties' | 'propertiesPath'>): ReadDimensions {
  const entries: [string, JsonValue][] = [];
  let bytes = 0;
  for (const name of meter.dimensions) {
    const value = ownProperty(event.properties, name) ?? null;
    const path = `${event.propertiesPath}.${name}`;
    if (typeof value === 'object' && value !== null) {
      return { fault: { path, reason: `must be a string, a number, true or false: ${meter.key} groups usage by it` } };
    }
    bytes += Buffer.byteLength(JSON.stringify([name, value]), 'utf8');
    if (bytes > DIMENSION_BYTES_MAX) {
      const reason = `the dimensions of the meter ${meter.key} have more than ${DIMENSION_BYTES_MAX} bytes as compact JSON`;
      return { fault: { path, reason } };
    }
    entries.push([name, value]);
  }
  return { dimensions: Object.fromEntries(entries) };
}
