import { parseInstant, type EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { parseJson } from '../domain/parse-json.ts';
import { SCALE_MAX } from '../domain/quantity.ts';
import { type Interpretation, type InterpretedPeriod, JournalDataError } from './journal-entry.ts';

const AGGREGATIONS: ReadonlySet<unknown> = new Set<Aggregation>(['count', 'sum', 'max', 'latest', 'unique']);

/** Reads the field `i` of an entry. Throws `JournalDataError` naming what is wrong. */
export function decodeInterpretation(text: string): Interpretation {
  const value = parseField(text, 'field i') as {
    tenants?: unknown;
    periods?: unknown;
    meters?: unknown;
  } | null;
  const tenants = requireArray(value?.tenants, 'i.tenants').map(readTenant);
  return {
    tenants,
    periods: requireArray(value?.periods, 'i.periods').map((period, index) => readPeriod(period, index, tenants)),
    meters: requireArray(value?.meters, 'i.meters').map(readMeter),
  };
}

type InterpretedTenant = Interpretation['tenants'][number];

function readTenant(value: unknown, index: number): InterpretedTenant {
  const { id, gate } = (value ?? {}) as { id?: unknown; gate?: unknown };
  if (typeof id !== 'string' || !isCount(gate)) {
    throw new JournalDataError(`i.tenants[${index}] is not {id, gate}: ${JSON.stringify(value)}`);
  }
  return { id, gate };
}

function readPeriod(value: unknown, index: number, tenants: readonly InterpretedTenant[]): InterpretedPeriod {
  const [tenantIndex, usageStart, accountingStart, timeZone] = requireArray(value, `i.periods[${index}]`);
  const tenant = typeof tenantIndex === 'number' ? tenants[tenantIndex] : undefined;
  if (tenant === undefined || typeof timeZone !== 'string') {
    throw new JournalDataError(`i.periods[${index}] names no tenant or no zone: ${JSON.stringify(value)}`);
  }
  return {
    tenant: tenant.id,
    gateVersion: tenant.gate,
    usageStartMicros: requireStart(usageStart, `i.periods[${index}][1]`),
    accountingStartMicros: requireStart(accountingStart, `i.periods[${index}][2]`),
    timeZone,
  };
}

function readMeter(value: unknown, index: number): Interpretation['meters'][number] {
  const [key, scale, aggregation] = requireArray(value, `i.meters[${index}]`);
  if (typeof key !== 'string' || !isCount(scale) || scale > SCALE_MAX || !AGGREGATIONS.has(aggregation)) {
    throw new JournalDataError(`i.meters[${index}] is not [key, scale, aggregation]: ${JSON.stringify(value)}`);
  }
  return { key, scale, aggregation: aggregation as Aggregation };
}

/** The start that was read last: most tenants' periods start at the same instant. */
let lastStart: { readonly text: string; readonly micros: EpochMicros } | undefined;

function requireStart(value: unknown, place: string): EpochMicros {
  if (lastStart !== undefined && lastStart.text === value) return lastStart.micros;
  const micros = typeof value === 'string' ? parseInstant(value) : undefined;
  if (typeof value !== 'string' || micros === undefined) {
    throw new JournalDataError(`${place} is no instant: ${JSON.stringify(value)}`);
  }
  lastStart = { text: value, micros };
  return micros;
}

/** Parses JSON that the journal carried. */
export function parseField(text: string, place: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new JournalDataError(`${place} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** Answers the list. @param place where it stands in the entry @throws JournalDataError when it is none */
export function requireArray(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new JournalDataError(`${place} is not a list: ${JSON.stringify(value)}`);
  return value as readonly unknown[];
}

/** A safe integer from 0 up. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
