import type { EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { SCALE_MAX } from '../domain/quantity.ts';

/** What is compared: one meter of one usage period within one accounting period of one tenant. */
export interface Place {
  readonly tenant: string;
  readonly accountingMicros: EpochMicros;
  readonly usageMicros: EpochMicros;
  readonly meter: string;
}

/** What one store or part of one holds of a place. Values are integers of 10^-9 units. */
export interface Holding {
  events: bigint;
  sum: bigint;
  max: bigint | null;
  last: { value: bigint; atMicros: EpochMicros } | null;
  /** Distinct values; only the ledger counts them. */
  distinct: bigint;
}

/** All that is known of a place. */
export interface Account extends Place {
  /** `null`: the tenant's counters are void and await a rebuild. */
  counter: Holding | null;
  /** The counter of `max` and `latest`, one value for both. */
  counterValue: bigint | null;
  /** By the hour. */
  readonly rollups: Holding;
  readonly dailyRollups: Holding;
  readonly raw: Holding;
  /** Accepted, in the counters, not in the ledger's snapshot yet. */
  readonly journal: Holding;
  /** In the counters and never in the ledger: dead letters, and refused duplicates that are not taken back yet. */
  readonly setAside: Holding;
  /** Values that a maximum or latest value may be although the ledger does not have them. */
  readonly setAsideValues: Set<bigint>;
}

/** Nothing. */
export function emptyHolding(): Holding {
  return { events: 0n, sum: 0n, max: null, last: null, distinct: 0n };
}

/** The accounts of one page, by place. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();

  /** The account of a place, made when it is first asked for. */
  at(place: Place): Account {
    const key = `${place.tenant}/${place.accountingMicros}/${place.usageMicros}/${place.meter}`;
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const { tenant, accountingMicros, usageMicros, meter } = place;
    const account: Account = {
      tenant,
      accountingMicros,
      usageMicros,
      meter,
      counter: null,
      counterValue: null,
      rollups: emptyHolding(),
      dailyRollups: emptyHolding(),
      raw: emptyHolding(),
      journal: emptyHolding(),
      setAside: emptyHolding(),
      setAsideValues: new Set(),
    };
    this.#accounts.set(key, account);
    return account;
  }

  /** In the order in which they were first asked for. */
  all(): IterableIterator<Account> {
    return this.#accounts.values();
  }
}

/** One event's value for one meter. */
export interface Reading {
  readonly aggregation: Aggregation;
  /** Integer of 10^-9 units. */
  readonly value: bigint;
  readonly occurredAtMicros: EpochMicros;
}

/** Adds an event to a holding as the counters do: of values that are equally late, the last one accepted stays. */
export function addReading(holding: Holding, { aggregation, value, occurredAtMicros }: Reading): void {
  holding.events += 1n;
  if (aggregation === 'unique') return;
  holding.sum += value;
  if (holding.max === null || value > holding.max) holding.max = value;
  if (holding.last === null || occurredAtMicros >= holding.last.atMicros) {
    holding.last = { value, atMicros: occurredAtMicros };
  }
}

const PLAIN_DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Reads a plain decimal of at most nine places as an integer of 10^-9 units. */
export function finestOf(decimalText: string): bigint {
  const [, sign = '', whole = '', fraction = ''] = PLAIN_DECIMAL.exec(decimalText) ?? [];
  if (whole === '' || fraction.length > SCALE_MAX) throw new RangeError(`not a metered decimal: ${decimalText}`);
  return BigInt(sign + whole + fraction.padEnd(SCALE_MAX, '0'));
}

/** A scaled integer, as text, as an integer of 10^-9 units. */
export function finestOfScaled(scaledText: string, scale: number): bigint {
  return BigInt(scaledText) * 10n ** BigInt(SCALE_MAX - scale);
}
