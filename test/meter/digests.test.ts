import { createHash, createHmac } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { contentDigest, derivedId, idDigest, valueDigest, type EventContent } from '../../src/meter/digests.ts';

const SECRET = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex');
const CONTENT: EventContent = {
  type: 'calls',
  quantity: '1',
  occurredAtMicros: 1_700_000_000_000_000,
  properties: null,
};

/** The form that is written down: each part with its length in four bytes in front. */
function lengthPrefixed(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

describe('digests', () => {
  test('of an id are SHA-256 over the length-prefixed tenant and id, for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 300 }), (tenant, id) => {
        const expected = createHash('sha256')
          .update(lengthPrefixed([tenant, id]))
          .digest()
          .subarray(0, 16);
        expect(idDigest(tenant, [id]).toString('hex')).toBe(expected.toString('hex'));
      }),
    );
  });

  test('of content are HMAC-SHA-256 over its length-prefixed parts, however large', () => {
    for (const size of [0, 1, 100, 70_000, 200_000]) {
      const properties = { note: 'ä'.repeat(size) };
      const parts = ['calls', '1', '1700000000000000', JSON.stringify(properties)];
      const expected = createHmac('sha256', SECRET).update(lengthPrefixed(parts)).digest('hex').slice(0, 32);
      expect(contentDigest(SECRET, { ...CONTENT, properties }).toString('hex')).toBe(expected);
    }
  });

  test('are the same for the same meaning, and keep what is different apart', () => {
    const of = (change: Partial<EventContent>): string =>
      contentDigest(SECRET, { ...CONTENT, ...change }).toString('hex');
    expect(of({ properties: {} })).toBe(of({}));
    expect(of({ properties: { a: 1, b: [2] } })).toBe(of({ properties: { b: [2], a: 1 } }));
    const different = [of({}), of({ quantity: '2' }), of({ properties: { a: 1 } }), of({ properties: { a: '1' } })];
    expect(new Set(different).size).toBe(different.length);
    expect(idDigest('ab', ['c'])).not.toEqual(idDigest('a', ['bc']));
    expect(idDigest('a', ['b', 'c'])).not.toEqual(idDigest('a', ['bc']));
    expect(valueDigest(SECRET, 1)).not.toBe(valueDigest(SECRET, '1'));
  });

  test('never change: they are stored', () => {
    expect(idDigest('acme', ['evt-1']).toString('hex')).toBe('1dcc7397804cd0be2ae1a41682e0164c');
    expect(contentDigest(SECRET, { ...CONTENT, properties: { a: 1 } }).toString('hex')).toBe(
      'ad8484c687926e4e305779d22c7e942e',
    );
    expect(valueDigest(SECRET, 'ada')).toBe('bff2e640114017642867f48cc8cb2fc4');
    expect(derivedId('acme', CONTENT, null)).toBe('evt_d7a9fd04704d6438dcd6e194b6e4a28c');
  });
});
