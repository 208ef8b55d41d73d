import { canonicalJson } from '../domain/canonical.ts';
import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { hourStart } from '../domain/period.ts';
import { isPlainDecimal } from '../domain/decimal.ts';
import { parseQuantity } from '../domain/quantity.ts';
import type { Contribution } from '../ledger/metered-row.ts';
import type { StoredReadings } from '../ledger/usage-row.ts';
import { isCount, requireArray } from './decode-interpretation.ts';
import { DIGEST_BYTES, type Interpretation, JournalDataError, type JournalRow } from './journal-entry.ts';

/** What the events of one entry share. */
export interface EntryContext {
  readonly interpretation: Interpretation;
  readonly digestsHex: string;
  readonly catalogueVersion: number;
  readonly acceptedAtMicros: EpochMicros;
}

const NO_DIMENSIONS = '{}';
const DIGEST_HEX = /^(?:[0-9a-f]{2})+$/;
const DIGEST_CHARACTERS = DIGEST_BYTES * 2;

/**
 * Reads one event of an entry:
 * `[periodIndex, id, type, occurredAtMicros, quantity, properties|null, [[meterIndex, value, dimensions?]…]]`.
 * Throws `JournalDataError` naming what is wrong.
 *
 * @param place its index in the entry, which says where its digests are
 */
export function decodeEvent(context: EntryContext, value: unknown, place: number, sequence: number): JournalRow {
  const [periodIndex, eventId, type, occurredAtMicros, quantity, properties, readings] = requireArray(value, 'event');
  const period = typeof periodIndex === 'number' ? context.interpretation.periods[periodIndex] : undefined;
  if (period === undefined)
    throw new JournalDataError(`the event names no period of its entry: ${String(periodIndex)}`);
  if (typeof eventId !== 'string' || typeof type !== 'string')
    throw new JournalDataError('the event has no id or type');
  if (!Number.isSafeInteger(occurredAtMicros)) throw new JournalDataError('the event has no instant');
  if (typeof quantity !== 'string' || !isPlainDecimal(quantity) || quantity.startsWith('-')) {
    throw new JournalDataError(`the event's quantity is no plain decimal: ${JSON.stringify(quantity)}`);
  }
  const offset = place * 2 * DIGEST_CHARACTERS;
  const contributions: Contribution[] = [];
  return {
    sequence,
    occurredAtMicros: occurredAtMicros as EpochMicros,
    tenant: period.tenant,
    gateVersion: period.gateVersion,
    idDigestHex: context.digestsHex.slice(offset, offset + DIGEST_CHARACTERS),
    eventId,
    type,
    quantity,
    propertiesJson: properties === null || properties === undefined ? null : JSON.stringify(properties),
    readingsJson: canonicalJson(decodeReadings(context.interpretation, readings, contributions)),
    contributions,
    contentDigestHex: context.digestsHex.slice(offset + DIGEST_CHARACTERS, offset + 2 * DIGEST_CHARACTERS),
    usagePeriodMicros: period.usageStartMicros,
    accountingPeriodMicros: period.accountingStartMicros,
    catalogueVersion: context.catalogueVersion,
    acceptedAtMicros: context.acceptedAtMicros,
    hourMicros: hourOf(period.timeZone, occurredAtMicros as EpochMicros),
  };
}

function hourOf(timeZone: string, occurredAtMicros: EpochMicros): EpochMicros {
  try {
    return hourStart(timeZone, occurredAtMicros);
  } catch (error) {
    throw new JournalDataError(`no hour in the zone ${timeZone}: ${(error as Error).message}`, { cause: error });
  }
}

/** Fills `contributions` and answers the same values in the form that `usage_event.readings` keeps. */
function decodeReadings(interpretation: Interpretation, value: unknown, contributions: Contribution[]): StoredReadings {
  const readings: Record<string, StoredReadings[string]> = Object.create(null) as never;
  for (const reading of requireArray(value, 'readings')) {
    const [meterIndex, valueText, dimensions] = requireArray(reading, 'reading');
    const meter = isCount(meterIndex) ? interpretation.meters[meterIndex] : undefined;
    if (meter === undefined || typeof valueText !== 'string') {
      throw new JournalDataError(`a reading names no meter of its entry or has no value: ${JSON.stringify(reading)}`);
    }
    if (readings[meter.key] !== undefined) throw new JournalDataError(`two readings of the meter ${meter.key}`);
    const hasDimensions = dimensions !== undefined && dimensions !== null;
    const isUnique = meter.aggregation === 'unique';
    contributions.push({
      meter: meter.key,
      aggregation: meter.aggregation,
      scale: meter.scale,
      scaled: isUnique ? 0 : requireScaled(valueText, meter),
      valueDigestHex: isUnique ? requireDigest(valueText, meter.key) : null,
      dimensionsJson: hasDimensions ? canonicalJson(dimensions) : NO_DIMENSIONS,
    });
    readings[meter.key] = hasDimensions ? [valueText, dimensions as Record<string, JsonValue>] : valueText;
  }
  return readings;
}

function requireScaled(valueText: string, meter: Interpretation['meters'][number]): number {
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
