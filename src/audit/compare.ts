import { formatInstant, type InstantText } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { SCALE_MAX, scaledText } from '../domain/quantity.ts';
import type { Account, Holding } from './accounts.ts';

/**
 * One figure on which the accounts do not agree: counter = ledger + journal + set aside, and rollups of hours = rollups of days = raw
 * rows. Quantities are plain decimals of whole units; `null` where counters are void, or keep no such figure.
 */
export interface CounterDifference {
  readonly tenant: string;
  /** Start of the accounting period. */
  readonly period: InstantText;
  /** Start of the usage period; another one than `period` for late usage. */
  readonly usagePeriod: InstantText;
  readonly meter: string;
  readonly figure: 'quantity' | 'events';
  readonly counter: string | null;
  readonly journal: string;
  /** By the hour. */
  readonly rollup: string;
  readonly dailyRollup: string;
  readonly raw: string;
  readonly setAside: string;
  /** counter − (raw + journal + set aside); `"0"` when only rollups and raw rows differ. */
  readonly drift: string | null;
  /** Dead letters that cannot be read and may be usage of this tenant: they may explain the drift. */
  readonly unreadable: number;
}

/** Compares everything that is known of a place, and answers the figures that do not add up. Pure. */
export function compareAccount(account: Account, aggregation: Aggregation, unreadable: number): CounterDifference[] {
  const events = compareEvents(account, unreadable);
  const quantity = QUANTITIES[aggregation](account, unreadable);
  return [quantity, events].filter((found) => found !== undefined);
}

type Compared = CounterDifference | undefined;

interface Figures {
  readonly counter: bigint | null;
  readonly journal: bigint;
  readonly rollup: bigint;
  readonly dailyRollup: bigint;
  readonly raw: bigint;
  readonly setAside: bigint;
  /** What the counter must be. */
  readonly expected: bigint;
}

function compareEvents(account: Account, unreadable: number): Compared {
  const { counter, journal, rollups, dailyRollups, raw, setAside } = account;
  const figures = {
    counter: counter === null ? null : counter.events,
    journal: journal.events,
    rollup: rollups.events,
    dailyRollup: dailyRollups.events,
    raw: raw.events,
    setAside: setAside.events,
    expected: raw.events + journal.events + setAside.events,
  };
  return difference(account, 'events', figures, 0, unreadable);
}

function compareSum(account: Account, unreadable: number): Compared {
  const { counter, journal, rollups, dailyRollups, raw, setAside } = account;
  const figures = {
    counter: counter === null ? null : counter.sum,
    journal: journal.sum,
    rollup: rollups.sum,
    dailyRollup: dailyRollups.sum,
    raw: raw.sum,
    setAside: setAside.sum,
    expected: raw.sum + journal.sum + setAside.sum,
  };
  return difference(account, 'quantity', figures, SCALE_MAX, unreadable);
}

/** Maxima and latest values do not add up: the later or larger of ledger and journal must be the counter's. */
function compareValue(
  account: Account,
  unreadable: number,
  valueOf: (holding: Holding) => bigint | null,
  expected: bigint | null,
): Compared {
  const { counter, counterValue, setAsideValues } = account;
  const isExplained = counterValue !== null && setAsideValues.has(counterValue);
  const figures = {
    counter: counter === null ? null : (counterValue ?? 0n),
    journal: valueOf(account.journal) ?? 0n,
    rollup: valueOf(account.rollups) ?? 0n,
    dailyRollup: valueOf(account.dailyRollups) ?? 0n,
    raw: valueOf(account.raw) ?? 0n,
    setAside: 0n,
    expected: isExplained ? counterValue : (expected ?? 0n),
  };
  return difference(account, 'quantity', figures, SCALE_MAX, unreadable);
}

function latestOf({ raw, journal }: Account): bigint | null {
  if (raw.last === null || journal.last === null) return (raw.last ?? journal.last)?.value ?? null;
  return journal.last.atMicros >= raw.last.atMicros ? journal.last.value : raw.last.value;
}

function largestOf({ raw, journal }: Account): bigint | null {
  if (raw.max === null || journal.max === null) return raw.max ?? journal.max;
  return raw.max > journal.max ? raw.max : journal.max;
}

/** Counters keep no distinct values; the two accounts of the ledger are compared with each other. */
function compareDistinct(account: Account, unreadable: number): Compared {
  const { rollups, dailyRollups, raw } = account;
  const figures = {
    counter: null,
    journal: 0n,
    rollup: rollups.distinct,
    dailyRollup: dailyRollups.distinct,
    raw: raw.distinct,
    setAside: 0n,
    expected: 0n,
  };
  return difference(account, 'quantity', figures, 0, unreadable);
}

const QUANTITIES: Readonly<Record<Aggregation, (account: Account, unreadable: number) => Compared>> = {
  count: compareSum,
  sum: compareSum,
  max: (account, unreadable) => compareValue(account, unreadable, ({ max }) => max, largestOf(account)),
  latest: (account, unreadable) =>
    compareValue(account, unreadable, ({ last }) => last?.value ?? null, latestOf(account)),
  unique: compareDistinct,
};

function difference(
  account: Account,
  figure: CounterDifference['figure'],
  figures: Figures,
  scale: number,
  unreadable: number,
): Compared {
  const { counter, journal, rollup, dailyRollup, raw, setAside, expected } = figures;
  if (rollup === raw && dailyRollup === raw && (counter === null || counter === expected)) return undefined;
  return {
    tenant: account.tenant,
    period: formatInstant(account.accountingMicros),
    usagePeriod: formatInstant(account.usageMicros),
    meter: account.meter,
    figure,
    counter: counter === null ? null : scaledText(counter, scale),
    journal: scaledText(journal, scale),
    rollup: scaledText(rollup, scale),
    dailyRollup: scaledText(dailyRollup, scale),
    raw: scaledText(raw, scale),
    setAside: scaledText(setAside, scale),
    drift: counter === null ? null : scaledText(counter - expected, scale),
    unreadable,
  };
}
