import { hash } from 'node:crypto';

import { canonicalJson } from '../domain/canonical.ts';
import type { JsonValue } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';

/**
 * Digests of ids and content. Their form is stored in Redis and in the ledger and never changes: SHA-256 over the UTF-8 of the
 * parts, each with its length in UTF-16 units and a colon in front, so that no two lists of parts are the same text; of what comes
 * out the first 16 bytes. A keyed digest has the secret in front, in hex: 32 bytes of secret are one whole block of SHA-256. Half
 * of a hash does not let anyone go on from it to a longer text, which is what HMAC would be there for.
 */

/** Bytes of a digest. */
export const DIGEST_BYTES = 16;

/**
 * The bytes of a digest as text: one character (U+0000 to U+00FF) per byte, as the coding `latin1` of a Buffer has it. Two digests
 * per event make this the busiest code of ingest, and a hash that comes as text costs a sixth of one that comes in a buffer.
 */
export type DigestText = string;

/** The digest's bytes, for stores. */
export function digestBytes(digest: DigestText): Buffer {
  return Buffer.from(digest, 'latin1');
}

/** @param text UTF-16 without lone surrogates, so that its UTF-8 is its own */
function digestOf(text: string): DigestText {
  return hash('sha256', text, 'binary').slice(0, DIGEST_BYTES);
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

const SECRET_BYTES = 32;
const secretTexts = new WeakMap<Buffer, string>();

function secretText(secret: Buffer): string {
  const known = secretTexts.get(secret);
  if (known !== undefined) return known;
  if (secret.length !== SECRET_BYTES) {
    throw new RangeError(`the digest secret has ${secret.length} bytes: it must have ${SECRET_BYTES}`);
  }
  const text = secret.toString('hex');
  secretTexts.set(secret, text);
  return text;
}

/** The part of the last tenant: events of one sender come together. */
let lastTenant = { tenant: '', part: part('') };

/** The digest by which an event is known: over the tenant and the parts of its identity (the id; for CloudEvents source and id). */
export function idDigest(tenant: string, identity: readonly string[]): DigestText {
  if (lastTenant.tenant !== tenant) lastTenant = { tenant, part: part(tenant) };
  let { part: text } = lastTenant;
  for (const one of identity) text += part(one);
  return digestOf(text);
}

/** What two events with one id must share to be the same: compared by meaning. */
export interface EventContent {
  readonly type: string;
  /** Normalised: no zeros at the end of a fraction. */
  readonly quantity: string;
  readonly occurredAtMicros: EpochMicros;
  /** Canonical JSON; `{}` when there are none. */
  readonly propertiesText: string;
}

function contentText(content: EventContent): string {
  return part(content.type) + part(content.quantity) + contentTail(content);
}

function contentTail({ occurredAtMicros, propertiesText }: EventContent): string {
  return `${part(microsText(occurredAtMicros))}${propertiesText.length}:${propertiesText}`;
}

/** 100 seconds: what is left of an instant is a small integer, which is written in a third of the time of a large one. */
const MICROS_HEAD = 100_000_000;
const MICROS_TAIL_DIGITS = 8;
let lastHead = { head: 0, text: '0' };

/** The digits of an instant. Instants of one batch mostly begin with the same ones, which are written once. */
function microsText(micros: EpochMicros): string {
  const head = Math.floor(micros / MICROS_HEAD);
  // Before 1970 the digits do not fall apart like this, and in its first seconds there are fewer.
  if (head < 1) return String(micros);
  if (lastHead.head !== head) lastHead = { head, text: String(head) };
  const tail = micros - head * MICROS_HEAD;
  return lastHead.text + (tail < MICROS_HEAD / 10 ? String(tail).padStart(MICROS_TAIL_DIGITS, '0') : String(tail));
}

/** What contents begin with whose secret, type and quantity are those of the last one, as in most batches: one text, written once. */
let lastContent: { readonly secret: Buffer | null } & Pick<EventContent, 'type' | 'quantity'> & {
    readonly head: string;
  } = {
  secret: null,
  type: '',
  quantity: '',
  head: '',
};

function contentHead(secret: Buffer, { type, quantity }: EventContent): string {
  const isSame = lastContent.secret === secret && lastContent.type === type && lastContent.quantity === quantity;
  if (!isSame) lastContent = { secret, type, quantity, head: secretText(secret) + part(type) + part(quantity) };
  return lastContent.head;
}

/** Keyed, so that an erased property cannot be guessed back. No properties and none are the same. */
export function contentDigest(secret: Buffer, content: EventContent): DigestText {
  return digestOf(contentHead(secret, content) + contentTail(content));
}

const HEX_DIGITS = 32;

/** The keyed digest of one value of a `unique` meter, 32 hex digits. A text and a number of the same digits differ. */
export function valueDigest(secret: Buffer, value: JsonValue): string {
  const text = secretText(secret) + part('unique') + part(canonicalJson(value));
  return hash('sha256', text, 'hex').slice(0, HEX_DIGITS);
}

/**
 * The id of an event that was sent without one: a hash of its natural key, so that a retry of the same request is the same
 * event. Two equal events on purpose need ids of their own, or requests with different idempotency keys.
 */
export function derivedId(tenant: string, content: EventContent, idempotencyKey: string | null): string {
  const text = part(tenant) + contentText(content) + part(idempotencyKey ?? '');
  return `evt_${hash('sha256', text, 'hex').slice(0, HEX_DIGITS)}`;
}
