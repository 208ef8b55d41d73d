import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { LedgerSigns } from '../../src/ledger/read-ledger-signs.ts';
import type { JournalState } from '../../src/meter/read-journal-state.ts';
import { scrape } from '../../src/metrics/scrape.ts';
import { createStoreMetrics, oldestAgeSeconds } from '../../src/metrics/store-metrics.ts';
import { readMetrics, type Metrics } from '../support/metrics-text.ts';

const JOURNAL: JournalState = {
  shard: 0,
  epoch: 3,
  isOpen: true,
  entries: 5,
  waitingEvents: 70,
  oldestAcceptedMicros: 1_000_000,
};
const SIGNS: LedgerSigns = {
  deadLettersOpen: 2,
  incidentsOpen: [],
  cyclesOpen: [{ name: 'held', count: 4 }],
  invoicesIssued: [{ name: 'INV', count: 9 }],
  lockWaits: 0,
};
/** Longer than a scrape waits, shorter than until a reading is given up. */
const TOO_LONG_MS = 3_000;
const ABANDONED_MS = 40_000;

let readLedger: () => Promise<LedgerSigns>;
let readings: number;
let scrapeStores: () => Promise<Metrics>;

beforeEach(() => {
  vi.useFakeTimers();
  readings = 0;
  readLedger = () => Promise.resolve(SIGNS);
  const registry = new Registry();
  const sample = createStoreMetrics(registry, {
    readJournals: () => Promise.resolve([JOURNAL]),
    readLedger: () => {
      readings += 1;
      return readLedger();
    },
    clock: () => 4_500_000,
  });
  scrapeStores = async () => readMetrics((await scrape(registry, sample)).text);
});

afterEach(() => {
  vi.useRealTimers();
});

function hangingLedger(): () => Promise<LedgerSigns> {
  return () => new Promise(() => undefined);
}

async function scrapeTooLong(): Promise<Metrics> {
  const scraping = scrapeStores();
  await vi.advanceTimersByTimeAsync(TOO_LONG_MS);
  return scraping;
}

describe('a scrape', () => {
  test('tells what both stores answered', async () => {
    const metrics = await scrapeStores();
    expect(metrics.value('tollkeeper_journal_waiting_events{shard="0"}')).toBe(70);
    expect(metrics.value('tollkeeper_journal_oldest_age_seconds{shard="0"}')).toBe(3.5);
    expect(metrics.value('tollkeeper_cycles_open{stage="held"}')).toBe(4);
    expect(metrics.value('tollkeeper_store_answered{store="postgresql"}')).toBe(1);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('connection refused'))],
    ['hangs', hangingLedger()],
  ])('does without a store that %s, and forgets what it said before', async (_what, broken) => {
    await scrapeStores();
    readLedger = broken;
    const metrics = await scrapeTooLong();
    expect(metrics.value('tollkeeper_store_answered{store="postgresql"}')).toBe(0);
    for (const name of ['dead_letters_open', 'cycles_open', 'invoices_issued_total', 'postgresql_lock_waits']) {
      expect([name, metrics.series(`tollkeeper_${name}`)]).toEqual([name, []]);
    }
    expect(metrics.value('tollkeeper_store_answered{store="redis"}')).toBe(1);
    expect(metrics.value('tollkeeper_journal_entries{shard="0"}')).toBe(5);
  });

  test('asks a store that hangs once, and again after it was given up', async () => {
    readLedger = hangingLedger();
    await Promise.all([scrapeTooLong(), scrapeTooLong()]);
    await scrapeTooLong();
    expect(readings).toBe(1);
    await vi.advanceTimersByTimeAsync(ABANDONED_MS);
    readLedger = () => Promise.resolve(SIGNS);
    expect((await scrapeStores()).value('tollkeeper_dead_letters_open')).toBe(2);
    expect(readings).toBe(2);
  });

  test('does not take an answer that came too late', async () => {
    const late = Promise.withResolvers<LedgerSigns>();
    readLedger = () => late.promise;
    await scrapeTooLong();
    late.resolve(SIGNS);
    await vi.advanceTimersByTimeAsync(0);
    readLedger = () => Promise.resolve({ ...SIGNS, deadLettersOpen: 1 });
    const metrics = await scrapeStores();
    expect([metrics.value('tollkeeper_dead_letters_open'), readings]).toEqual([1, 2]);
  });
});

test('no entry has no age, and none is younger than now', () => {
  expect(oldestAgeSeconds({ ...JOURNAL, oldestAcceptedMicros: null }, 5)).toBe(0);
  expect(oldestAgeSeconds({ ...JOURNAL, oldestAcceptedMicros: 9 }, 5)).toBe(0);
});
