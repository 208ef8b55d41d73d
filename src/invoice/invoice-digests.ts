import { createHash } from 'node:crypto';

import { canonicalJson } from '../domain/canonical.ts';
import type { InvoiceContent, InvoiceIdentity } from '../domain/invoice.ts';

const ID_CHARACTERS = 26;
const BITS_PER_CHARACTER = 5n;
const ID_BITS = BigInt(ID_CHARACTERS) * BITS_PER_CHARACTER;
const DIGEST_BITS = 256n;
/** RFC 4648's alphabet in lower case: no digit can be taken for a letter. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** SHA-256 of a text in UTF-8. */
export function textDigest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

/** SHA-256 of the canonical JSON of a content: equal for equal contents, whenever they were rated. */
export function contentDigest(content: InvoiceContent): Buffer {
  return textDigest(canonicalJson(content));
}

/**
 * A prefix and 26 characters (130 bits) derived from what names a thing: whoever repeats a step makes the same id, and two things
 * never share one.
 */
export function derivedId(prefix: string, names: readonly (string | number)[]): string {
  const digest = textDigest(canonicalJson(names));
  let bits = BigInt(`0x${digest.toString('hex')}`) >> (DIGEST_BITS - ID_BITS);
  let characters = '';
  for (let index = 0; index < ID_CHARACTERS; index += 1) {
    characters = ALPHABET.charAt(Number(bits % BigInt(ALPHABET.length))) + characters;
    bits /= BigInt(ALPHABET.length);
  }
  return prefix + characters;
}

/** `inv_…`, derived from the identity. */
export function invoiceId({ tenant, kind, occasion, revision }: InvoiceIdentity): string {
  return derivedId('inv_', ['invoice', tenant, kind, occasion, revision]);
}
