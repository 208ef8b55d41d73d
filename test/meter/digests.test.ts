import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import {
  contentDigest,
  derivedId,
  digestBytes,
  idDigest,
  valueDigest,
  type DigestText,
  type EventContent,
} from '../../src/meter/digests.ts';

const SECRET = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex');
const CONTENT: EventContent = {
  type: 'calls',
  quantity: '1',
  occurredAtMicros: 1_700_000_000_000_000,
  propertiesText: '{}',
};

/** The form that is written down: SHA-256 over each part with its length in front; half of it, in hex. */
function expectedHex(parts: readonly string[], secret = Buffer.alloc(0)): string {
  const text = secret.toString('hex') + parts.map((part) => `${part.length}:${part}`).join('');
  return createHash('sha256').update(text, 'utf8').digest().subarray(0, 16).toString('hex');
}

function hexOf(digest: DigestText): string {
  return digestBytes(digest).toString('hex');
}

describe('digests', () => {
  test('of an id are SHA-256 over the length-prefixed tenant and id, for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 300 }), (tenant, id) => {
        expect(hexOf(idDigest(tenant, [id]))).toBe(expectedHex([tenant, id]));
      }),
    );
  });

  test('of content are keyed by the secret in front of its length-prefixed parts, however large', () => {
    for (const size of [0, 1, 100, 70_000, 200_000]) {
      const propertiesText = JSON.stringify({ note: 'ä'.repeat(size) });
      const expected = expectedHex(['calls', '1', '1700000000000000', propertiesText], SECRET);
      expect(hexOf(contentDigest(SECRET, { ...CONTENT, propertiesText }))).toBe(expected);
    }
  });

  test('of content write every instant as its digits, whatever came before', () => {
    const border = fc.integer({ min: 0, max: 90_000_000 }).map((hundreds) => hundreds * 100_000_000);
    const nearBorder = fc.tuple(border, fc.integer({ min: -2, max: 2 })).map(([at, more]) => at + more);
    const instants = fc.array(fc.oneof(fc.maxSafeInteger(), nearBorder), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom('calls', 'llm.request'),
        fc.constantFrom('1', '2.5'),
        (list, type, quantity) => {
          for (const occurredAtMicros of list) {
            const expected = expectedHex([type, quantity, String(occurredAtMicros), '{}'], SECRET);
            expect(hexOf(contentDigest(SECRET, { ...CONTENT, type, quantity, occurredAtMicros }))).toBe(expected);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('are keyed by a secret of one block in hex, or not at all', () => {
    expect(() => contentDigest(SECRET.subarray(1), CONTENT)).toThrow(/has 31 bytes/);
    expect(contentDigest(Buffer.alloc(32, 1), CONTENT)).not.toBe(contentDigest(Buffer.alloc(32, 2), CONTENT));
  });

  test('are the same for the same meaning, and keep what is different apart', () => {
    const of = (change: Partial<EventContent>): string => hexOf(contentDigest(SECRET, { ...CONTENT, ...change }));
    const having = (properties: object): string => of({ propertiesText: canonicalJson(properties) });
    expect(having({})).toBe(of({}));
    expect(having({ a: 1, b: [2] })).toBe(having({ b: [2], a: 1 }));
    const different = [of({}), of({ quantity: '2' }), having({ a: 1 }), having({ a: '1' })];
    expect(new Set(different).size).toBe(different.length);
    expect(idDigest('ab', ['c'])).not.toEqual(idDigest('a', ['bc']));
    expect(idDigest('a', ['b', 'c'])).not.toEqual(idDigest('a', ['bc']));
    expect(valueDigest(SECRET, 1)).not.toBe(valueDigest(SECRET, '1'));
  });

  test('never change: they are stored', () => {
    expect(hexOf(idDigest('acme', ['evt-1']))).toBe('b93a5248a44f5a2295a9b9192c436943');
    expect(hexOf(contentDigest(SECRET, { ...CONTENT, propertiesText: '{"a":1}' }))).toBe(
      'f4cfef9d55a7e9b940558449148aed94',
    );
    expect(valueDigest(SECRET, 'ada')).toBe('a93a46a13a2bf60d5a7ed27ebc74d862');
    expect(derivedId('acme', CONTENT, null)).toBe('evt_482ed4e56f176efccb537fc7fc4930d0');
  });
});
