import { hash } from 'node:crypto';

import { canonicalJson } from '../domain/canonical.ts';
import type { JsonValue } from '../domain/event.ts';
import type { CountedDimension } from '../domain/limits.ts';

const DIGEST_LETTERS = 22;

/**
 * Names the value of a dimension among the counters in Redis: 22 letters, 128 bits. Without a secret, because a rebuild must find
 * the same name; the journal beside it has the value as it is.
 */
export function dimensionDigest(dimension: string, value: JsonValue): string {
  // As a JSON list the two are told apart, whatever is in them.
  return digestOf([dimension, canonicalJson(value)]);
}

/**
 * Names what a tenant's counters are kept by, in its gate: whoever judges by other dimensions must have them rebuilt. Empty for the
 * common case that no limit is on a dimension.
 */
export function countedByName(dimensions: readonly CountedDimension[]): string {
  return dimensions.length === 0 ? '' : digestOf(dimensions.map(({ meter, dimension }) => [meter, dimension]));
}

function digestOf(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, DIGEST_LETTERS);
}
