import type { EpochMicros } from '../domain/instant.ts';
import { hourStart } from '../domain/period.ts';
import { isPlainDecimal } from '../domain/decimal.ts';
import type { EntryReadings } from './decode-readings.ts';
import { type EventColumns, valueAt } from './event-columns.ts';
import { DIGEST_BYTES, type Interpretation, JournalDataError, type JournalRow } from './journal-entry.ts';

/** What the events of one entry share. */
export interface EntryContext {
  readonly interpretation: Interpretation;
  readonly columns: EventColumns;
  readonly readings: EntryReadings;
  /** Both digests of every event. */
  readonly digests: Buffer;
  readonly catalogueVersion: number;
  readonly acceptedAtMicros: EpochMicros;
}

/** Ingest takes far shorter ones. PostgreSQL's binary numeric counts its digits in two bytes. */
const QUANTITY_CHARACTERS_MAX = 1_000;

/**
 * Reads one event of an entry. Throws `JournalDataError` naming what is wrong.
 *
 * @param place its index in the entry
 */
export function decodeEvent(context: EntryContext, place: number, sequence: number): JournalRow {
  const { columns } = context;
  const period = periodOf(context, place);
  if (period === undefined) {
    throw new JournalDataError(`the event names no period of its entry: ${String(valueAt(columns.period, place))}`);
  }
  const eventId = valueAt(columns.id, place);
  const type = valueAt(columns.type, place);
  if (typeof eventId !== 'string' || typeof type !== 'string')
    throw new JournalDataError('the event has no id or type');
  const occurredAtMicros = columns.base + (valueAt(columns.at, place) as number);
  if (!Number.isSafeInteger(occurredAtMicros)) throw new JournalDataError('the event has no instant');
  const { readingsJson, contributions } = context.readings.at(place);
  return {
    sequence,
    occurredAtMicros,
    tenant: period.tenant,
    gateVersion: period.gateVersion,
    digests: context.digests,
    digestsStart: place * 2 * DIGEST_BYTES,
    eventId,
    type,
    quantity: requireQuantity(valueAt(columns.quantity, place)),
    properties: columns.properties.at(place),
    readingsJson,
    contributions,
    usagePeriodMicros: period.usageStartMicros,
    accountingPeriodMicros: period.accountingStartMicros,
    catalogueVersion: context.catalogueVersion,
    acceptedAtMicros: context.acceptedAtMicros,
    timeZone: period.timeZone,
    hourMicros: hourOf(period.timeZone, occurredAtMicros),
  };
}

/** The period that an event of the entry names, if it is one. */
export function periodOf(
  { interpretation, columns }: EntryContext,
  place: number,
): Interpretation['periods'][number] | undefined {
  const index = valueAt(columns.period, place);
  return typeof index === 'number' ? interpretation.periods[index] : undefined;
}

function requireQuantity(value: unknown): string {
  if (value === '1') return '1';
  if (
    typeof value !== 'string' ||
    value.length > QUANTITY_CHARACTERS_MAX ||
    !isPlainDecimal(value) ||
    value.startsWith('-')
  ) {
    throw new JournalDataError(`the event's quantity is no plain decimal: ${JSON.stringify(value)}`);
  }
  return value;
}

function hourOf(timeZone: string, occurredAtMicros: EpochMicros): EpochMicros {
  try {
    return hourStart(timeZone, occurredAtMicros);
  } catch (error) {
    throw new JournalDataError(`no hour in the zone ${timeZone}: ${(error as Error).message}`, { cause: error });
  }
}
