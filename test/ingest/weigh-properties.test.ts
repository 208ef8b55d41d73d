import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/event.ts';
import type { Meter } from '../../src/domain/meter.ts';
import { scaledText } from '../../src/domain/quantity.ts';
import { weighProperties } from '../../src/ingest/weigh-properties.ts';

function meterOf(weights: Readonly<Record<string, string>>, scale: number): Meter {
  return {
    key: 'credits',
    version: 1,
    eventType: 'call',
    aggregation: 'sum',
    value: { from: 'weights', weights },
    filter: [],
    dimensions: [],
    unit: 'credit',
    scale,
  };
}

const WEIGHTS = { input: '1', output: '4.25' };

function weigh(properties: JsonObject | null, weights: Readonly<Record<string, string>> = WEIGHTS, scale = 2) {
  return weighProperties(meterOf(weights, scale), weights, { properties, propertiesPath: 'properties' });
}

describe('a weighted sum', () => {
  test.each([
    [{ input: 100, output: 10 }, '142.5'],
    [{ input: '100', output: '10.0' }, '142.5'],
    [{ output: 3 }, '12.75'],
    [{ input: 0 }, '0'],
    [{ input: '0.07', output: '0.2', other: 'x' }, '0.92'],
    [{ input: '9007199254740000' }, undefined],
    [{ input: Number.MAX_SAFE_INTEGER, output: Number.MAX_SAFE_INTEGER }, undefined],
    [{ input: '0.001' }, undefined],
    // Two fractions that do not fit alone, and do together.
    [{ input: '0.0075', output: '0.01' }, '0.05'],
  ] satisfies [JsonObject, string | undefined][])('of %j is %s, exactly', (properties, expected) => {
    const weighed = weigh(properties);
    expect('scaled' in weighed ? scaledText(weighed.scaled, 2) : undefined).toBe(expected);
    if (expected === undefined) expect(weighed).toMatchObject({ fault: { path: 'properties' } });
  });

  test.each([
    [{ input: -1 }, 'properties.input'],
    [{ input: '-0.5' }, 'properties.input'],
    [{ input: 0.5 }, 'properties.input'],
    [{ input: '1e3' }, 'properties.input'],
    [{ input: null }, 'properties.input'],
    [{ input: 1, output: [1] }, 'properties.output'],
    [{ output: `0.${'1'.repeat(100)}` }, 'properties.output'],
    [{ inputs: 1 }, 'properties'],
    [{}, 'properties'],
    [null, 'properties'],
  ] satisfies [JsonObject | null, string][])('of %j is refused at %s', (properties, path) => {
    expect(weigh(properties)).toMatchObject({ fault: { path } });
  });

  test('is what integers of any length make of it', () => {
    const scaledWeight = fc.integer({ min: 1, max: 10_000 });
    const value = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(undefined));
    fc.assert(
      fc.property(fc.array(fc.tuple(scaledWeight, value), { minLength: 1, maxLength: 5 }), (terms) => {
        const weights = Object.fromEntries(terms.map(([weight], index) => [`p${index}`, scaledText(weight, 3)]));
        const there = terms.flatMap(([, one], index) => (one === undefined ? [] : [[`p${index}`, one] as const]));
        const sum = terms.reduce((total, [weight, one = 0]) => total + BigInt(weight) * BigInt(one), 0n);
        const weighed = weigh(Object.fromEntries(there), weights, 3);
        const isTaken = there.length > 0 && sum <= BigInt(Number.MAX_SAFE_INTEGER);
        expect('scaled' in weighed ? BigInt(weighed.scaled) : undefined).toBe(isTaken ? sum : undefined);
      }),
    );
  });
});
