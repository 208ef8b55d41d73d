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
  /** `StoredReadings` as canonical JSON. */
  readonly readingsJson: string;
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
