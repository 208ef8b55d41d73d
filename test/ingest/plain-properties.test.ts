import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import { EVENT_TYPE_PATTERN, TENANT_PATTERN } from '../../src/domain/event.ts';
import { checkProperties } from '../../src/ingest/check-properties.ts';
import { plainPropertiesText } from '../../src/ingest/plain-properties.ts';
import { isShortTextOf, isVisibleAscii, singleCharactersOf } from '../../src/ingest/plain-text.ts';

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 10 }));
const value = fc.oneof(text, fc.integer(), fc.double(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null));
const properties = fc.dictionary(text, fc.oneof({ weight: 9, arbitrary: value }, fc.array(value, { maxLength: 3 })), {
  maxKeys: 10,
  noNullPrototype: true,
});

describe('the short way for properties', () => {
  test('writes what the whole rule writes, and only of properties that are sound', () => {
    fc.assert(
      fc.property(properties, (sent) => {
        const plain = plainPropertiesText(sent);
        if (plain === undefined) return;
        expect(plain).toBe(canonicalJson(sent));
        expect(checkProperties({ ...sent, nested: {} }, 'properties')).toHaveProperty('text');
      }),
      { numRuns: 2_000 },
    );
  });

  test('writes names in order, whatever had as many names before', () => {
    const name = fc.constantFrom('a', 'b', 'c', '10', '9', 'B');
    const some = fc.array(fc.dictionary(name, fc.integer(), { noNullPrototype: true }), { maxLength: 8 });
    fc.assert(
      fc.property(some, (list) => {
        for (const sent of list) {
          const turned = Object.fromEntries(Object.entries(sent).toReversed());
          expect(plainPropertiesText(sent)).toBe(canonicalJson(sent));
          expect(plainPropertiesText(turned)).toBe(canonicalJson(sent));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('is taken by what events carry', () => {
    const sent = { model: 'large', inputTokens: 1_000, isCached: false, region: null, '10': 1, '9': 2 };
    expect(plainPropertiesText(sent)).toBe(canonicalJson(sent));
    expect(plainPropertiesText({})).toBe('{}');
  });

  test.each([
    ['a quote', { a: '"' }],
    ['a backslash in a name', { '\\': 1 }],
    ['a control character', { a: '\n' }],
    ['other than ASCII', { a: 'é' }],
    ['a fraction', { a: 0.5 }],
    ['an unsafe number', { a: 2 ** 53 }],
    ['an object', { a: {} }],
    ['a name that sets the prototype', JSON.parse('{"__proto__":1}') as object],
    ['too many names', Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, 1]))],
    ['too many bytes', { a: 'x'.repeat(16_384) }],
  ])('leaves %s to the whole rule', (_what, sent) => {
    expect(plainPropertiesText(sent)).toBeUndefined();
  });
});

describe('the short way for texts', () => {
  const anything = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: 'binary', maxLength: 5 }));

  test.each([
    ['tenants', TENANT_PATTERN],
    ['types', EVENT_TYPE_PATTERN],
  ])('never takes what is none of %s', (_what, pattern) => {
    const characters = singleCharactersOf(pattern);
    const sound = fc.stringMatching(pattern).filter((one) => one.length <= 64);
    fc.assert(fc.property(sound, (one) => isShortTextOf(characters, one)));
    fc.assert(fc.property(anything, (one) => !isShortTextOf(characters, one) || pattern.test(one)));
    expect(isShortTextOf(characters, '')).toBe(false);
    expect(isShortTextOf(characters, 'a'.repeat(65))).toBe(false);
  });

  test('is taken by ids of ASCII without blanks, and by nothing else', () => {
    fc.assert(fc.property(anything, (one) => isVisibleAscii(one) === /^[!-~]+$/.test(one)));
  });
});
