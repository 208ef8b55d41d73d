import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { nearlyByTime } from '../../src/ledger/time-order.ts';

test('rows that are further apart than a bucket come in the order of their instants', () => {
  expect([...nearlyByTime(Float64Array.of(3_000, 1_000, 2_000, 0))]).toEqual([3, 1, 2, 0]);
});

test('rows of one instant keep their order', () => {
  expect([...nearlyByTime(Float64Array.of(7, 7, 7))]).toEqual([0, 1, 2]);
});

test('no rows have no order', () => {
  expect([...nearlyByTime(new Float64Array(0))]).toEqual([]);
});

test('whatever the instants are, every row is named once, and none comes a bucket too late', () => {
  const instants = fc.array(fc.integer({ min: -4_000_000_000_000_000, max: 4_000_000_000_000_000 }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(instants, (micros) => {
      const order = [...nearlyByTime(Float64Array.from(micros))];
      expect(order.toSorted((left, right) => left - right)).toEqual(micros.map((_, place) => place));
      const bucketMicros = (Math.max(...micros) - Math.min(...micros)) / 1_000;
      let latest = -Infinity;
      for (const place of order) {
        const micro = micros[place] ?? 0;
        expect(micro).toBeGreaterThan(latest - bucketMicros - 2);
        latest = Math.max(latest, micro);
      }
    }),
  );
});
