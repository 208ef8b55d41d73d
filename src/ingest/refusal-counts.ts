import { hourStart } from '../domain/calendar-hour.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Outcome } from '../domain/outcome.ts';
import { scaledText, type Scale } from '../domain/quantity.ts';
import type { Reading } from './read-meters.ts';

/** Refused usage of one tenant, meter and reason that arrived in one hour of the tenant's zone. */
export interface CountedRefusal {
  readonly tenant: string;
  readonly hourMicros: EpochMicros;
  readonly meter: string;
  readonly reason: Outcome;
  readonly eventCount: number;
  /** Whole units, a plain decimal; `null` for meters whose values do not add up. */
  readonly quantity: string | null;
}

/** A refused event: whose, when it arrived, what it was answered, and what its meters would have counted. */
export interface RefusedUsage {
  readonly tenant: string;
  readonly timeZone: string;
  readonly arrivedMicros: EpochMicros;
  readonly reason: Outcome;
  readonly readings: readonly Reading[];
}

/** Counts that are held at once: some megabytes. Past them new ones are dropped, and the number of dropped events is told. */
const COUNTS_MAX = 50_000;

interface Count {
  readonly tenant: string;
  readonly hourMicros: EpochMicros;
  readonly meter: string;
  readonly reason: Outcome;
  readonly scale: Scale;
  eventCount: number;
  /** `null` for meters whose values do not add up. */
  scaled: bigint | null;
}

/**
 * What this process has refused and nobody has stored yet. Statistics in memory: a killed process loses what came since they were
 * last taken away, and nothing that is billed depends on them.
 */
export class RefusalCounts {
  #counts = new Map<string, Count>();
  #droppedReadings = 0;

  /** Counts a refused event under each of its meters: all of them would have counted it, or none. */
  add({ tenant, timeZone, arrivedMicros, reason, readings }: RefusedUsage): void {
    const hourMicros = hourStart(timeZone, arrivedMicros);
    for (const { meter, scaled } of readings) {
      const { key, scale, aggregation } = meter;
      const addsUp = aggregation === 'sum' || aggregation === 'count';
      const name = `${tenant}|${hourMicros}|${key}|${reason}|${scale}`;
      let count = this.#counts.get(name);
      if (count === undefined) {
        if (this.#counts.size >= COUNTS_MAX) {
          this.#droppedReadings += 1;
          continue;
        }
        count = { tenant, hourMicros, meter: key, reason, scale, eventCount: 0, scaled: addsUp ? 0n : null };
        this.#counts.set(name, count);
      }
      count.eventCount += 1;
      if (count.scaled !== null) count.scaled += BigInt(scaled);
    }
  }

  /** How many counts wait. */
  get size(): number {
    return this.#counts.size;
  }

  /**
   * Hands over at most `countsMax` counts to `store` and forgets them when it has stored them; they stay when it fails.
   * What is refused meanwhile is counted anew. One call at a time.
   *
   * @returns how many were stored
   */
  async store(countsMax: number, store: (counts: readonly CountedRefusal[]) => Promise<void>): Promise<number> {
    const taken = [...this.#counts].slice(0, countsMax);
    if (taken.length === 0) return 0;
    for (const [name] of taken) this.#counts.delete(name);
    try {
      await store(taken.map(([, count]) => countedRefusal(count)));
    } catch (error) {
      for (const [name, count] of taken) this.#putBack(name, count);
      throw error;
    }
    return taken.length;
  }

  /** How many readings were not counted since the last call, because too many counts waited. */
  takeDropped(): number {
    const dropped = this.#droppedReadings;
    this.#droppedReadings = 0;
    return dropped;
  }

  #putBack(name: string, count: Count): void {
    const newer = this.#counts.get(name);
    if (newer === undefined) {
      this.#counts.set(name, count);
      return;
    }
    newer.eventCount += count.eventCount;
    if (newer.scaled !== null) newer.scaled += count.scaled ?? 0n;
  }
}

function countedRefusal({ scale, scaled, ...count }: Count): CountedRefusal {
  return { ...count, quantity: scaled === null ? null : scaledText(scaled, scale) };
}
