import { createHash, createHmac } from 'node:crypto';

import { canonicalJson } from '../domain/canonical.ts';
import type { JsonObject, JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';

/**
 * Digests of ids and content. Their form is stored in Redis and in the ledger and never changes. Every part is prefixed with its
 * length, so that no two lists of parts are the same bytes.
 */

/** Bytes of both digests. */
export const DIGEST_BYTES = 16;

const LENGTH_BYTES = 4;

function lengthPrefixed(parts: readonly string[]): Buffer {
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    pieces.push(length, bytes);
  }
  return Buffer.concat(pieces);
}

/**
 * The digest by which an event is known: 16 bytes of SHA-256 over the tenant and the parts of its identity (the id; for
 * CloudEvents source and id).
 */
export function idDigest(tenant: string, identity: readonly string[]): Buffer {
  const bytes = lengthPrefixed([tenant, ...identity]);
  return createHash('sha256').update(bytes).digest().subarray(0, DIGEST_BYTES);
}

/** What two events with one id must share to be the same: compared by meaning. */
export interface EventContent {
  readonly type: string;
  /** Normalised: no zeros at the end of a fraction. */
  readonly quantity: string;
  readonly occurredAtMicros: EpochMicros;
  readonly properties: JsonObject | null;
}

/** 16 bytes of HMAC-SHA-256. Keyed, so that an erased property cannot be guessed back. No properties and none are the same. */
export function contentDigest(secret: Buffer, content: EventContent): Buffer {
  const bytes = lengthPrefixed([
    content.type,
    content.quantity,
    String(content.occurredAtMicros),
    canonicalJson(content.properties ?? {}),
  ]);
  return createHmac('sha256', secret).update(bytes).digest().subarray(0, DIGEST_BYTES);
}

/** The keyed digest of one value of a `unique` meter, 32 hex digits. A text and a number of the same digits differ. */
export function valueDigest(secret: Buffer, value: JsonValue): string {
  const bytes = lengthPrefixed(['unique', canonicalJson(value)]);
  return createHmac('sha256', secret).update(bytes).digest().subarray(0, DIGEST_BYTES).toString('hex');
}

const DERIVED_HEX_DIGITS = 32;

/**
 * The id of an event that was sent without one: a hash of its natural key, so that a retry of the same request is the same
 * event. Two equal events on purpose need ids of their own, or requests with different idempotency keys.
 */
export function derivedId(tenant: string, content: EventContent, idempotencyKey: string | null): string {
  const bytes = lengthPrefixed([
    tenant,
    content.type,
    String(content.occurredAtMicros),
    content.quantity,
    canonicalJson(content.properties ?? {}),
    idempotencyKey ?? '',
  ]);
  return `evt_${createHash('sha256').update(bytes).digest('hex').slice(0, DERIVED_HEX_DIGITS)}`;
}
