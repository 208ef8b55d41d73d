import { hash } from 'node:crypto';

import { canonicalJson } from '../domain/canonical.ts';
import type { JsonValue } from '../domain/event.ts';

const DIGEST_LETTERS = 22;

/**
 * Names the value of a dimension among the counters in Redis: 22 letters, 128 bits. Without a secret, because a rebuild must find
 * the same name; the journal beside it has the value as it is.
 */
export function dimensionDigest(dimension: string, value: JsonValue): string {
  // As a JSON list the two are told apart, whatever is in them.
  return hash('sha256', JSON.stringify([dimension, canonicalJson(value)]), 'base64url').slice(0, DIGEST_LETTERS);
}
