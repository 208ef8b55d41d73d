import { expect, test } from 'vitest';

import { DUPLICATE_SHARE, generateLoad, mixLoads, seededRandom } from '../../src/cli/demo/generate-load.ts';
import type { Load } from '../../src/cli/demo/generate-load.ts';

const LOAD: Load = {
  tenant: 'acme',
  eventType: 'llm.request',
  idPrefix: 'run-acme',
  eventCount: 2_000,
  fromMs: Date.UTC(2026, 10, 20, 10, 0),
  toMs: Date.UTC(2026, 10, 20, 10, 1),
  outputTokensMax: 500,
};

test('the same seed makes the same events, another seed others', () => {
  const made = generateLoad(LOAD, seededRandom(7));
  expect(generateLoad(LOAD, seededRandom(7))).toEqual(made);
  expect(generateLoad(LOAD, seededRandom(8))).not.toEqual(made);
});

test('a twentieth of the events comes twice, with the same content and never before the first', () => {
  const made = generateLoad(LOAD, seededRandom(1));
  const firsts = new Map<string, unknown>();
  for (const event of made) {
    const id = event.id ?? '';
    if (firsts.has(id)) expect(event).toEqual(firsts.get(id));
    else firsts.set(id, event);
  }
  expect(firsts.size).toBe(2_000);
  expect(made.length).toBe(2_000 * (1 + DUPLICATE_SHARE));
});

test('every event lies in its span', () => {
  for (const { occurredAt } of generateLoad(LOAD, seededRandom(1))) {
    expect(occurredAt).toMatch(/^2026-11-20T10:00:\d\d\.\d{6}Z$/);
  }
});

test('mixing keeps every event and the order within each tenant', () => {
  const loads = ['a', 'b', 'c'].map((tenant) => generateLoad({ ...LOAD, tenant, eventCount: 100 }, seededRandom(2)));
  const mixed = mixLoads(loads, seededRandom(3));
  for (const [index, tenant] of ['a', 'b', 'c'].entries()) {
    expect(mixed.filter((event) => event.tenant === tenant)).toEqual(loads[index]);
  }
  expect(new Set(mixed.slice(0, 20).map(({ tenant }) => tenant)).size).toBe(3);
});
