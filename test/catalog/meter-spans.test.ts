import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { meterSpansOf, metersAt } from '../../src/catalog/meter-spans.ts';
import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { Meter } from '../../src/domain/meter.ts';

const START = requireInstant('2026-11-01T00:00:00Z');

function meterOf(key: string, version: number, eventType: string, minute: number | undefined): Meter {
  return {
    key,
    version,
    ...(minute !== undefined && { from: formatInstant(START + minute * 60_000_000) }),
    eventType,
    aggregation: 'sum',
    value: { from: 'quantity' },
    filter: [],
    dimensions: [],
    unit: 'unit',
    scale: 0,
  };
}

test('at any instant a type is taken by the newest version of each meter that has begun, if it takes the type', () => {
  const version = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    eventType: fc.constantFrom('x', 'y'),
    minute: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 5 })),
  });
  fc.assert(
    fc.property(fc.array(version, { maxLength: 8 }), fc.integer({ min: -1, max: 6 }), (list, minute) => {
      const counts = new Map<string, number>();
      const versions = list.map((one) => {
        const number = (counts.get(one.key) ?? 0) + 1;
        counts.set(one.key, number);
        return meterOf(one.key, number, one.eventType, one.minute);
      });
      const at = START + minute * 60_000_000;
      for (const eventType of ['x', 'y', 'z']) {
        const expected = ['a', 'b', 'c'].flatMap((key) => {
          const begun = versions.filter(
            (one) => one.key === key && (one.from === undefined || requireInstant(one.from) <= at),
          );
          const newest = begun.at(-1);
          return newest?.eventType === eventType ? [`${key}@${newest.version}`] : [];
        });
        const found = metersAt({ meterSpans: meterSpansOf(versions) }, eventType, at);
        expect(found?.map((one) => `${one.key}@${one.version}`) ?? []).toEqual(expected);
        if (expected.length === 0) expect(found).toBeUndefined();
      }
    }),
  );
});
