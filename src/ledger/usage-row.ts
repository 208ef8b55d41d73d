import { canonicalJson } from '../domain/canonical.ts';
import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';

/**
 * What the meters read from one event, as `usage_event.readings` keeps it: the value as a plain decimal of whole units (the
 * digest in hex for `unique`), or the value with its dimensions.
 */
export type StoredReadings = Readonly<Record<string, string | readonly [string, Readonly<Record<string, JsonValue>>]>>;

/** One accepted event on its way into `usage_event`. Digests are hex, so that rows compare and sort as text. */
export interface UsageRow {
  readonly sequence: number;
  readonly occurredAtMicros: EpochMicros;
  readonly tenant: string;
  /** 16 bytes. */
  readonly idDigestHex: string;
  readonly eventId: string;
  readonly type: string;
  /** A plain decimal. */
  readonly quantity: string;
  /** JSON text, `null` when the event carried none. */
  readonly propertiesJson: string | null;
  readonly readings: StoredReadings;
  /** 16 bytes. */
  readonly contentDigestHex: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly catalogueVersion: number;
  readonly acceptedAtMicros: EpochMicros;
}

/** Order of the primary key, then of acceptance: writers that insert in one order cannot deadlock, and the first accepted wins. */
export function compareByKey(left: UsageRow, right: UsageRow): number {
  if (left.occurredAtMicros !== right.occurredAtMicros) return left.occurredAtMicros - right.occurredAtMicros;
  if (left.tenant !== right.tenant) return left.tenant < right.tenant ? -1 : 1;
  if (left.idDigestHex !== right.idDigestHex) return left.idDigestHex < right.idDigestHex ? -1 : 1;
  return left.sequence - right.sequence;
}

/**
 * The bytes of a row that the hash chain covers: a JSON array (unambiguous without escapes of our own) of every column that
 * money depends on, ended by a line feed. The properties are left out, because they may be erased; the content digest, which
 * covers them, is in.
 */
export function chainLine(row: Omit<UsageRow, 'propertiesJson'>): string {
  return `${JSON.stringify([
    row.sequence,
    row.occurredAtMicros,
    row.tenant,
    row.idDigestHex,
    row.eventId,
    row.type,
    row.quantity,
    canonicalJson(row.readings),
    row.contentDigestHex,
    row.usagePeriodMicros,
    row.accountingPeriodMicros,
    row.catalogueVersion,
    row.acceptedAtMicros,
  ])}\n`;
}
