import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';

/**
 * What the meters read from one event, as `usage_event.readings` keeps it: the value as a plain decimal of whole units (the
 * digest in hex for `unique`), or the value with its dimensions.
 */
export type StoredReadings = Readonly<Record<string, string | readonly [string, Readonly<Record<string, JsonValue>>]>>;

/** Bytes of the id digest, and of the content digest behind it. */
export const DIGEST_BYTES = 16;

/** One accepted event on its way into `usage_event`. */
export interface UsageRow {
  readonly sequence: number;
  readonly occurredAtMicros: EpochMicros;
  readonly tenant: string;
  /** Where the digests stand: 16 bytes of the id's from `digestsStart` on, then 16 bytes of the content's. Rows may share it. */
  readonly digests: Buffer;
  readonly digestsStart: number;
  readonly eventId: string;
  readonly type: string;
  /** A plain decimal. */
  readonly quantity: string;
  /** JSON text, `null` when the event carried none. */
  readonly propertiesJson: string | null;
  /** `StoredReadings` as canonical JSON. */
  readonly readingsJson: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly catalogueVersion: number;
  readonly acceptedAtMicros: EpochMicros;
}

/** The digest of a row's id in hex. */
export function idDigestHex({ digests, digestsStart }: UsageRow): string {
  return digests.toString('hex', digestsStart, digestsStart + DIGEST_BYTES);
}

/** The digest of a row's content in hex. */
export function contentDigestHex({ digests, digestsStart }: UsageRow): string {
  return digests.toString('hex', digestsStart + DIGEST_BYTES, digestsStart + 2 * DIGEST_BYTES);
}
