import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';

/**
 * What the meters read from one event, as `usage_event.readings` keeps it: the value as a plain decimal of whole units (the
 * digest in hex for `unique`), or the value with its dimensions.
 */
export type StoredReadings = Readonly<Record<string, string | readonly [string, Readonly<Record<string, JsonValue>>]>>;

/** Bytes of the id digest, and of the content digest behind it. */
export const DIGEST_BYTES = 16;

/** Text in UTF-8, from `start` up to `end`. Others may stand in the same bytes: what nobody looks at is not made a string. */
export interface TextPart {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

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
  readonly properties: TextPart | null;
  /** `StoredReadings` as canonical JSON. */
  readonly readingsJson: string;
  readonly usagePeriodMicros: EpochMicros;
  readonly accountingPeriodMicros: EpochMicros;
  readonly catalogueVersion: number;
  readonly acceptedAtMicros: EpochMicros;
}

/** A text that is not yet in bytes. */
export function textPart(text: string): TextPart {
  const bytes = Buffer.from(text, 'utf8');
  return { bytes, start: 0, end: bytes.length };
}

/** A row's properties as JSON text, `null` without any. */
export function propertiesJson({ properties }: Pick<UsageRow, 'properties'>): string | null {
  return properties === null ? null : properties.bytes.toString('utf8', properties.start, properties.end);
}

/** The digest of a row's id in hex. */
export function idDigestHex({ digests, digestsStart }: UsageRow): string {
  return digests.toString('hex', digestsStart, digestsStart + DIGEST_BYTES);
}

/** The digest of a row's content in hex. */
export function contentDigestHex({ digests, digestsStart }: UsageRow): string {
  return digests.toString('hex', digestsStart + DIGEST_BYTES, digestsStart + 2 * DIGEST_BYTES);
}
