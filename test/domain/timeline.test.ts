import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { changedFrom, itemAt, itemsWithin, stretchAround, type TimelineItem } from '../../src/domain/timeline.ts';

const RUNS = 2_000;

interface NamedItem extends TimelineItem {
  readonly name: string;
}

const item = (name: string, fromMicros: number, toMicros: number | null = null): NamedItem => ({
  name,
  fromMicros,
  toMicros,
});
const isSame = (a: NamedItem, b: NamedItem): boolean => a.name === b.name;

describe('a timeline', () => {
  test('is cut to a window, and an instant of change belongs to what comes after it', () => {
    const items = [item('a', 0, 10), item('b', 10, 20), item('c', 20)];
    const spans = itemsWithin(items, { startMicros: 5, endMicros: 20 });
    expect(spans.map((span) => [span.item.name, span.fromMicros, span.toMicros])).toEqual([
      ['a', 5, 10],
      ['b', 10, 20],
    ]);
    expect([9, 10, 19, 20].map((at) => itemAt(items, at)?.name)).toEqual(['a', 'b', 'b', 'c']);
    expect(itemAt(items, -1)).toBeUndefined();
  });

  test('goes on as the same until something else, or nothing, comes', () => {
    const items = [item('a', 0, 10), item('b', 10, 20), item('b', 20, 30), item('b', 31, 40), item('a', 40)];
    expect([9, 10, 29, 31, 50].map((at) => stretchAround(items, at, isSame))).toEqual([
      { fromMicros: 0, toMicros: 10 },
      { fromMicros: 10, toMicros: 30 },
      { fromMicros: 10, toMicros: 30 },
      { fromMicros: 31, toMicros: 40 },
      { fromMicros: 40, toMicros: null },
    ]);
    expect(stretchAround(items, 30, isSame)).toBeUndefined();
  });

  test.each([
    ['within an item', 15, 'x', ['a 0 10', 'b 10 15', 'x 15 -']],
    ['where an item begins', 10, 'x', ['a 0 10', 'x 10 -']],
    ['to what holds already', 15, 'b', ['a 0 10', 'b 10 -']],
    ['back to what held before', 10, 'a', ['a 0 -']],
    ['before everything', 0, 'x', ['x 0 -']],
  ])('changes %s', (_where, at, name, expected) => {
    const items = [item('a', 0, 10), item('b', 10, 20), item('c', 20)];
    const changed = changedFrom(items, item(name, at), isSame);
    expect(changed.map((one) => `${one.name} ${one.fromMicros} ${one.toMicros ?? '-'}`)).toEqual(expected);
  });

  test('has neither gap nor overlap after any changes, and says at each instant what was said last of it', () => {
    const changes = fc.array(fc.record({ at: fc.integer({ min: 0, max: 40 }), name: fc.constantFrom('a', 'b', 'c') }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(changes, (made) => {
        let items: readonly NamedItem[] = [item('start', 0)];
        for (const { at, name } of made) items = changedFrom(items, item(name, at), isSame);
        for (let instant = 0; instant <= 41; instant += 1) {
          const last = made.findLast(({ at }) => at <= instant);
          // A change takes what was planned behind it along, so only those that nobody replaced count.
          const said = made.reduce((name, change) => (change.at <= instant ? change.name : name), 'start');
          expect(last === undefined ? 'start' : said).toBe(itemAt(items, instant)?.name);
          const spans = itemsWithin(items, { startMicros: 0, endMicros: instant + 1 });
          expect(spans.reduce((sum, span) => sum + span.toMicros - span.fromMicros, 0)).toBe(instant + 1);
        }
        expect(changedFrom(items, { ...items.at(-1)! }, isSame)).toEqual(items);
      }),
      { numRuns: RUNS },
    );
  });
});
