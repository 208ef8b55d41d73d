import { canonicalJson } from '../domain/canonical.ts';
import { parseQuantity } from '../domain/quantity.ts';
import type { Contribution } from '../ledger/metered-row.ts';
import { isCount } from './decode-interpretation.ts';
import { type EventColumns, type ReadingColumns, valueAt } from './event-columns.ts';
import { type Interpretation, JournalDataError } from './journal-entry.ts';

const NO_DIMENSIONS = '{}';
const DIGEST_HEX = /^(?:[0-9a-f]{2})+$/;

type InterpretedMeter = Interpretation['meters'][number];

/** What the meters read from one event. */
export interface DecodedReadings {
  /** `StoredReadings` as canonical JSON. */
  readonly readingsJson: string;
  readonly contributions: readonly Contribution[];
}

const NO_READINGS: DecodedReadings = { readingsJson: '{}', contributions: [] };

/** The readings of an entry's events, meter by meter in the order of canonical JSON. */
export class EntryReadings {
  readonly #meters: readonly MeterReadings[];
  readonly #hasRepeatedKeys: boolean;

  /** @throws JournalDataError when a reading names no meter of its entry */
  constructor(interpretation: Interpretation, columns: EventColumns) {
    const meters = columns.readings.map((reading) => new MeterReadings(requireMeter(interpretation, reading), reading));
    this.#meters = meters.toSorted((left, right) => (left.key < right.key ? -1 : 1));
    this.#hasRepeatedKeys = new Set(meters.map(({ key }) => key)).size < meters.length;
  }

  /** Reads one event. @throws JournalDataError when a value is none of its meter, or one meter reads it twice */
  at(place: number): DecodedReadings {
    let text = '';
    const contributions: Contribution[] = [];
    for (const meter of this.#meters) {
      const value = valueAt(meter.columns.values, place);
      if (value === null) continue;
      meter.take(value, valueAt(meter.columns.places, place));
      text = text === '' ? meter.text : `${text},${meter.text}`;
      contributions.push(meter.contribution);
    }
    if (text === '') return NO_READINGS;
    if (this.#hasRepeatedKeys) refuseRepeated(contributions);
    return { readingsJson: `{${text}}`, contributions };
  }
}

function requireMeter({ meters }: Interpretation, { meter: index }: ReadingColumns): InterpretedMeter {
  const meter = isCount(index) ? meters[index] : undefined;
  if (meter === undefined) throw new JournalDataError(`a reading names no meter of its entry: ${String(index)}`);
  return meter;
}

/** Two versions of a meter may stand in one entry, but not for one event. */
function refuseRepeated(contributions: readonly Contribution[]): void {
  contributions.forEach(({ meter }, index) => {
    if (contributions[index + 1]?.meter === meter) throw new JournalDataError(`two readings of the meter ${meter}`);
  });
}

/** One meter's readings. What the event before had is kept: most meters count 1 again and again. */
class MeterReadings {
  readonly key: string;
  readonly columns: ReadingColumns;
  /** Of the event taken last. */
  contribution!: Contribution;
  /** Its member of the readings: `"requests":"1"`. */
  text = '';
  readonly #meter: InterpretedMeter;
  readonly #name: string;
  readonly #dimensionTexts: readonly string[];
  #value: unknown = undefined;
  #dimensionPlace: unknown = undefined;

  constructor(meter: InterpretedMeter, columns: ReadingColumns) {
    this.key = meter.key;
    this.columns = columns;
    this.#meter = meter;
    this.#name = JSON.stringify(meter.key);
    this.#dimensionTexts = columns.dimensions.map(canonicalJson);
  }

  take(value: unknown, dimensionPlace: unknown): void {
    if (value === this.#value && dimensionPlace === this.#dimensionPlace) return;
    const { key, scale, aggregation } = this.#meter;
    if (typeof value !== 'string') {
      throw new JournalDataError(`a reading of ${key} has no value: ${JSON.stringify(value)}`);
    }
    const isUnique = aggregation === 'unique';
    const dimensionsJson = this.#dimensionsJson(dimensionPlace);
    this.contribution = {
      meter: key,
      aggregation,
      scale,
      scaled: isUnique ? 0 : requireScaled(value, this.#meter),
      valueDigestHex: isUnique ? requireDigest(value, key) : null,
      dimensionsJson,
    };
    // A decimal or a digest needs no escapes.
    this.text = dimensionPlace === null ? `${this.#name}:"${value}"` : `${this.#name}:["${value}",${dimensionsJson}]`;
    this.#value = value;
    this.#dimensionPlace = dimensionPlace;
  }

  #dimensionsJson(place: unknown): string {
    if (place === null) return NO_DIMENSIONS;
    const text = isCount(place) ? this.#dimensionTexts[place] : undefined;
    if (text === undefined) throw new JournalDataError(`a reading of ${this.key} names no dimensions of its entry`);
    return text;
  }
}

function requireScaled(valueText: string, meter: InterpretedMeter): number {
  const scaled = parseQuantity(valueText, meter.scale);
  if (scaled === undefined) {
    throw new JournalDataError(`${JSON.stringify(valueText)} is no value of ${meter.key} at scale ${meter.scale}`);
  }
  return scaled;
}

function requireDigest(valueText: string, meter: string): string {
  if (!DIGEST_HEX.test(valueText)) throw new JournalDataError(`a value of ${meter} is no digest in hex`);
  return valueText;
}
