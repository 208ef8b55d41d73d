import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  type EpochMicros,
} from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { LimitState } from '../domain/outcome.ts';
import type { LimitWindow } from '../domain/plan.ts';
import { scaledText } from '../domain/quantity.ts';
import { boundCounterName, heldCounterName } from '../meter/usage-group.ts';
import type { ReadingBound } from './bounds.ts';
import type { BoundedReading } from './judge-event.ts';
import type { Acceptable, PlannedEvent, PlannedGroup } from './plan-groups.ts';

/** What an applied group answered of its counters. */
export interface CounterTotals {
  readonly totals: ReadonlyMap<string, string>;
  /** By the clock of Redis, which short windows follow. */
  readonly atMs: number;
}

/** Follows the bounded totals of one applied group from event to event, so that each answer shows the state after it. */
export class LimitWalk {
  readonly #used = new Map<string, bigint>();
  readonly #atMs: number;

  /** @param after the totals after the call, of which what its accepted events added is taken off again */
  constructor(planned: PlannedGroup, accepted: ReadonlySet<number>, { totals, atMs }: CounterTotals) {
    this.#atMs = atMs;
    for (const [name, total] of totals) this.#used.set(name, BigInt(total));
    planned.events.forEach(({ judgement }, index) => {
      if (accepted.has(index)) this.#move(judgement, -1n);
    });
  }

  /** The states after an event; `undefined` when none of its meters is bounded. */
  after({ judgement }: PlannedEvent<Acceptable>, wasAccepted: boolean): readonly LimitState[] | undefined {
    if (wasAccepted) this.#move(judgement, 1n);
    const states: LimitState[] = [];
    for (const { meter, bounds = [] } of judgement.readings) {
      for (const bound of bounds) {
        const name = counterName(judgement, meter, bound);
        const [used, held] = [this.#used.get(name) ?? 0n, this.#used.get(heldCounterName(name)) ?? 0n];
        states.push(limitState(judgement, { meter, bound, used, held, atMs: this.#atMs }));
      }
    }
    return states.length === 0 ? undefined : states;
  }

  #move(judgement: Acceptable, sign: bigint): void {
    for (const { meter, bounds = [], scaled } of judgement.readings) {
      if (meter.aggregation === 'max') continue;
      for (const bound of bounds) {
        const name = counterName(judgement, meter, bound);
        this.#used.set(name, (this.#used.get(name) ?? 0n) + sign * BigInt(scaled));
      }
    }
  }
}

/** One bound and what its counter holds. */
export interface BoundReading {
  readonly meter: BoundedReading['meter'];
  readonly bound: ReadingBound;
  /** The scaled total (or maximum) in the window. */
  readonly used: bigint;
  /** What holds take of it, scaled. */
  readonly held: bigint;
  /** When it was read, by the clock of Redis. */
  readonly atMs: number;
}

/** How a bound stands. */
export function limitState(judgement: Acceptable, { meter, bound, used, held, atMs }: BoundReading): LimitState {
  const { window, dimension, value = null, scaled } = bound;
  const remaining = BigInt(scaled) - used - held;
  return {
    meter: meter.key,
    window,
    ...(dimension !== undefined && { dimension, value }),
    used: scaledText(used, meter.scale),
    ...(held > 0n && { held: scaledText(held, meter.scale) }),
    limit: scaledText(scaled, meter.scale),
    remaining: scaledText(remaining > 0n ? remaining : 0n, meter.scale),
    ...(used > BigInt(scaled) && { exceeded: true }),
    resetsAt: formatInstant(windowEnd(judgement, window, atMs)),
  };
}

const WINDOW_MICROS: Readonly<Record<Exclude<LimitWindow, 'period'>, number>> = {
  minute: MICROS_PER_MINUTE,
  hour: MICROS_PER_HOUR,
  day: MICROS_PER_DAY,
};

/** Short windows are aligned to UTC, which a day of 86,400 seconds always is in epoch time. */
function windowEnd({ accountingPeriod }: Acceptable, window: LimitWindow, atMs: number): EpochMicros {
  if (window === 'period') return accountingPeriod.endMicros;
  const length = WINDOW_MICROS[window];
  const at = atMs * 1_000;
  return at - (at % length) + length;
}

/** The name under which an applied group tells the total of a bound's counter. */
function counterName({ entry, accountingPeriod }: Acceptable, meter: Meter, bound: ReadingBound): string {
  return boundCounterName(entry.tenant.id, accountingPeriod.start, meter.key, bound);
}
