import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ThresholdSignals } from '../../src/api/threshold-signals.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const LONGEST_REST_MS = 60_000;

/** Signals whose sending a test holds in its hands. */
function heldSignals() {
  const sent: { readonly name: string; readonly end: (error?: Error) => void }[] = [];
  const results: string[] = [];
  const signals = new ThresholdSignals({
    send: (tenant, periodStart) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
        sent.push({ name: `${tenant} ${periodStart}`, end });
      }),
    onResult: (result, tenant) => results.push(`${tenant} ${result}`),
  });
  const names = (): string[] => sent.map(({ name }) => name);
  return { signals, sent, results, names };
}

/** Lets everything that was resolved run on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('a flood of crossings while one signal is under way is one more signal, behind it', async () => {
  const { signals, sent, results, names } = heldSignals();
  for (let crossing = 0; crossing < 1_000; crossing += 1) signals.tell('acme', NOVEMBER);
  expect(names()).toEqual([`acme ${NOVEMBER}`]);
  sent[0]?.end();
  await settle();
  expect(names()).toEqual([`acme ${NOVEMBER}`, `acme ${NOVEMBER}`]);
  sent[1]?.end();
  await settle();
  expect(sent).toHaveLength(2);
  expect(results).toEqual(['acme sent', 'acme sent']);
});

test('other tenants and other periods do not wait for it', () => {
  const { signals, names } = heldSignals();
  signals.tell('acme', NOVEMBER);
  signals.tell('globex', NOVEMBER);
  signals.tell('acme', '2026-12-01T00:00:00Z');
  expect(names()).toEqual([`acme ${NOVEMBER}`, `globex ${NOVEMBER}`, 'acme 2026-12-01T00:00:00Z']);
});

test('a failed signal is sent again after a rest, together with what came meanwhile', async () => {
  const { signals, sent, results } = heldSignals();
  signals.tell('acme', NOVEMBER);
  sent[0]?.end(new Error('nobody there'));
  await settle();
  signals.tell('acme', NOVEMBER);
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(LONGEST_REST_MS);
  expect(sent).toHaveLength(2);
  sent[1]?.end();
  await settle();
  expect(results).toEqual(['acme failed', 'acme sent']);
  expect(sent).toHaveLength(2);
});

test('a crossing that came during a failed attempt is sent at once and stands for it', async () => {
  const { signals, sent, results } = heldSignals();
  signals.tell('acme', NOVEMBER);
  signals.tell('acme', NOVEMBER);
  sent[0]?.end(new Error('nobody there'));
  await settle();
  expect(sent).toHaveLength(2);
  sent[1]?.end();
  await settle();
  expect(results).toEqual(['acme failed', 'acme sent']);
});

test('a signal that never gets through is given up, told as lost, and stops none that come later', async () => {
  const { signals, sent, results } = heldSignals();
  signals.tell('acme', NOVEMBER);
  for (let attempt = 0; attempt < 60; attempt += 1) {
    sent[attempt]?.end(new Error('nobody there'));
    await settle();
    vi.advanceTimersByTime(LONGEST_REST_MS);
  }
  expect(sent).toHaveLength(60);
  expect(results).toEqual([...Array.from({ length: 59 }, () => 'acme failed'), 'acme lost']);
  signals.tell('acme', NOVEMBER);
  expect(sent).toHaveLength(61);
});

test('only so many are under way at once, and those that wait follow', async () => {
  const { signals, sent, names } = heldSignals();
  for (let tenant = 0; tenant < 25; tenant += 1) signals.tell(`t${tenant}`, NOVEMBER);
  expect(sent).toHaveLength(20);
  sent[3]?.end();
  await settle();
  expect(names().at(-1)).toBe(`t20 ${NOVEMBER}`);
});

test('what waits is bounded: beyond it signals are lost, and the checkpoint makes up for them', () => {
  const { signals, results } = heldSignals();
  for (let tenant = 0; tenant < 10_021; tenant += 1) signals.tell(`t${tenant}`, NOVEMBER);
  expect(results).toEqual(['t10020 lost']);
  // One that waits already waits for this crossing as well.
  signals.tell('t10019', NOVEMBER);
  expect(results).toEqual(['t10020 lost']);
});
