import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import { MICROS_PER_SECOND, type EpochMicros } from '../domain/instant.ts';
import type { LedgerSigns, SignCount } from '../ledger/read-ledger-signs.ts';
import type { JournalState } from '../meter/read-journal-state.ts';

/** Where the state of the stores is read at each scrape. */
export interface StoreReaders {
  readonly readJournals: () => Promise<readonly JournalState[]>;
  readonly readLedger: () => Promise<LedgerSigns>;
  readonly clock: () => EpochMicros;
}

/** A store that has not answered by then is shown as such; the scrape goes on without it. */
const SAMPLE_TIMEOUT_MS = 2_000;
/** Longer than any time-out of a statement or a command. */
const READING_ABANDONED_MS = 35_000;

type Sample = () => Promise<void>;

/**
 * Registers what the stores hold. Answers the function that reads them, for the scrape to await first. Scrapes that come while it
 * runs share it, and a store that hangs is not asked again before it has answered.
 */
export function createStoreMetrics(registry: Registry, readers: StoreReaders): Sample {
  const answers = new Gauge({
    name: 'tollkeeper_store_answered',
    help: '1 when the store answered this scrape in time; 0: what is told of it is missing.',
    labelNames: ['store'],
    registers: [registry],
  });
  const samples = [
    boundedSample(journalSample(registry, readers), (isAnswered) =>
      answers.set({ store: 'redis' }, isAnswered ? 1 : 0),
    ),
    boundedSample(ledgerSample(registry, readers), (isAnswered) =>
      answers.set({ store: 'postgresql' }, isAnswered ? 1 : 0),
    ),
  ];
  return async () => void (await Promise.all(samples.map((sample) => sample())));
}

interface StoreSample {
  /** Reads the store. What it answers sets the gauges, which only a scrape that still waits for it wants. */
  readonly read: () => Promise<() => void>;
  /** Forgets the figures, so that no old one is taken for a new one. */
  readonly forget: () => void;
}

function boundedSample({ read, forget }: StoreSample, onEnd: (isAnswered: boolean) => void): Sample {
  let reading: Promise<() => void> | undefined;
  const readShared = (): Promise<() => void> => {
    if (reading !== undefined) return reading;
    const own = read().finally(() => {
      clearTimeout(abandon);
      if (reading === own) reading = undefined;
    });
    // A connection that broke without a word may never answer: the next scrape then asks on another one.
    const abandon = setTimeout(() => {
      if (reading === own) reading = undefined;
    }, READING_ABANDONED_MS).unref();
    // Whoever waits is told; when all have stopped waiting, the failure is nobody's any more.
    own.catch(() => undefined);
    reading = own;
    return own;
  };
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the store did not answer the scrape in time')), SAMPLE_TIMEOUT_MS);
    });
    try {
      const setGauges = await Promise.race([readShared(), deadline]);
      setGauges();
      onEnd(true);
    } catch {
      // Shown by `tollkeeper_store_answered`; the reason is in /readyz and in the log of whoever needed the store.
      forget();
      onEnd(false);
    } finally {
      clearTimeout(timer);
    }
  };
}

function journalSample(registry: Registry, { readJournals, clock }: StoreReaders): StoreSample {
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['shard'], registers: [registry] });
  const gauges = {
    epoch: gauge('tollkeeper_shard_epoch', 'Epoch of the shard: it rises when Redis restarted or lost data.'),
    isOpen: gauge('tollkeeper_shard_open', '1 while the shard takes events; 0 while it is fenced or has no epoch.'),
    entries: gauge('tollkeeper_journal_entries', 'Entries in the journal, with committed ones that are kept.'),
    waiting: gauge('tollkeeper_journal_waiting_events', 'Accepted events that are not in the ledger yet.'),
    age: gauge(
      'tollkeeper_journal_oldest_age_seconds',
      'Age of the oldest entry that is not in the ledger yet; 0: none.',
    ),
  };
  return {
    read: async () => {
      const states = await readJournals();
      return () => {
        for (const state of states) {
          const shard = { shard: String(state.shard) };
          gauges.epoch.set(shard, state.epoch);
          gauges.isOpen.set(shard, state.isOpen ? 1 : 0);
          gauges.entries.set(shard, state.entries);
          gauges.waiting.set(shard, state.waitingEvents);
          gauges.age.set(shard, oldestAgeSeconds(state, clock()));
        }
      };
    },
    forget: () => {
      for (const one of Object.values(gauges)) one.reset();
    },
  };
}

/** How long the oldest entry has waited; 0 when none waits. Clocks of two machines may differ: never negative. */
export function oldestAgeSeconds({ oldestAcceptedMicros }: JournalState, nowMicros: EpochMicros): number {
  if (oldestAcceptedMicros === null) return 0;
  return Math.max(0, (nowMicros - oldestAcceptedMicros) / MICROS_PER_SECOND);
}

function ledgerSample(registry: Registry, { readLedger }: StoreReaders): StoreSample {
  const registers = [registry];
  const deadLetters = new Gauge({
    name: 'tollkeeper_dead_letters_open',
    help: 'Events set aside that nobody has resolved: their tenants are not billed.',
    registers,
  });
  const lockWaits = new Gauge({
    name: 'tollkeeper_postgresql_lock_waits',
    help: 'Sessions of the database that wait for a lock now.',
    registers,
  });
  const incidents = new Gauge({
    name: 'tollkeeper_incidents_open',
    help: 'Incidents that nobody has resolved, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const cycles = new Gauge({
    name: 'tollkeeper_cycles_open',
    help: 'Billing cycles that are not over, by stage.',
    labelNames: ['stage'],
    registers,
  });
  const invoices = new Counter({
    name: 'tollkeeper_invoices_issued_total',
    help: 'Invoices and credit notes issued since the beginning, by series of their numbers.',
    labelNames: ['series'],
    registers,
  });
  const forget = (): void => {
    for (const metric of [deadLetters, lockWaits]) metric.remove();
    for (const metric of [incidents, cycles, invoices]) metric.reset();
  };
  return {
    read: async () => {
      const signs = await readLedger();
      return () => {
        // Kinds and stages that are gone must not stay behind with their last figure.
        forget();
        deadLetters.set(signs.deadLettersOpen);
        lockWaits.set(signs.lockWaits);
        setEach(signs.incidentsOpen, (kind, count) => incidents.set({ kind }, count));
        setEach(signs.cyclesOpen, (stage, count) => cycles.set({ stage }, count));
        setEach(signs.invoicesIssued, (series, count) => invoices.inc({ series }, count));
      };
    },
    forget,
  };
}

function setEach(counts: readonly SignCount[], set: (name: string, count: number) => void): void {
  for (const { name, count } of counts) set(name, count);
}
