import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseJson } from '../../src/domain/parse-json.ts';

/** What a name is made of here: few characters, most of which have to be escaped, so that names are alike and met again. */
const name = fc.string({
  unit: fc.constantFrom('\\', '"', '\n', '\r', 'n', 'u', 'a', '0', '1', 'ü', '😀', '\u2028'),
  maxLength: 3,
});

const { value } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(name, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.oneof(name, fc.constant('__proto__')), tie('value'), { maxKeys: 5 }),
}));

/** How a character may be written: as `JSON.stringify` does, or by its number. */
function written(text: string, isNumbered: () => boolean): string {
  const units = Array.from(text, (character) => {
    if (!isNumbered()) return JSON.stringify(character).slice(1, -1);
    const codes = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return codes.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('');
  });
  return `"${units.join('')}"`;
}

/** JSON with blanks and escapes that `JSON.stringify` would not write. */
function jsonOf(one: unknown, choose: () => boolean): string {
  const blank = choose() ? ' \n\t' : '';
  if (typeof one === 'string') return written(one, choose);
  if (typeof one !== 'object' || one === null) return JSON.stringify(one);
  if (Array.isArray(one)) return `[${blank}${one.map((element) => jsonOf(element, choose)).join(`${blank},`)}]`;
  const members = Object.entries(one).map(
    ([key, member]) => `${written(key, choose)}${blank}:${jsonOf(member, choose)}`,
  );
  return `{${blank}${members.join(',')}${blank}}`;
}

/** Names in the order of the object, at every level: `toEqual` looks at no order. */
function shown(one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return Object.is(one, -0) ? 0 : one;
  if (Array.isArray(one)) return one.map(shown);
  return { names: Object.entries(one).map(([key, member]) => [key, shown(member)]) };
}

test('a name that is written with an escape is never read as another one that was met before', () => {
  const backslash = parseJson(String.raw`{"a": [], "\\": 0}`);
  expect(Object.keys(backslash as object)).toEqual(['a', '\\']);
  expect(Object.keys(parseJson(String.raw`{"a": 1, "\n": 2}`) as object)).toEqual(['a', '\n']);
  expect(Object.keys(parseJson(String.raw`{"a": 1, "\"" : 2}`) as object)).toEqual(['a', '"']);

  parseJson(String.raw`{"b": [], "a\\n": 0}`);
  expect(Object.keys(parseJson(String.raw`{"b": 1, "a\n\n": 2}`) as object)).toEqual(['b', 'a\n\n']);
});

test('any value is read as it was written, whatever was read before', () => {
  fc.assert(
    fc.property(value, fc.infiniteStream(fc.boolean()), (one, choices) => {
      const text = jsonOf(one, () => choices.next().value);
      expect(shown(parseJson(text))).toEqual(shown(one));
    }),
    { numRuns: 2_000 },
  );
});

test('of a name that is given twice the last value counts, at the first place, however it is written', () => {
  const text = String.raw`{"a": 1, "b": 2, "\u0061": 3, "\u005f_proto__": {"x": 1}}`;
  const read = parseJson(text) as object;
  expect(Object.entries(read)).toEqual([
    ['a', 3],
    ['b', 2],
    ['__proto__', { x: 1 }],
  ]);
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
});

test('what is no JSON is refused', () => {
  for (const text of ['', '{', String.raw`{"\a": 1}`, String.raw`{"\n": 1},`, String.raw`{"\n" 1}`, '{"a\\": 1}']) {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  }
});

test('the largest body of escapes or levels is read', () => {
  const LENGTH = 1_000_000;
  const deep = `${'['.repeat(LENGTH / 2)}{"\\n":1}${']'.repeat(LENGTH / 2)}`;
  expect(Array.isArray(parseJson(deep))).toBe(true);
  const long = String.raw`\n`.repeat(LENGTH / 2);
  expect(parseJson(`{"${long}":"${long}"}`)).toEqual({ ['\n'.repeat(LENGTH / 2)]: '\n'.repeat(LENGTH / 2) });
});
