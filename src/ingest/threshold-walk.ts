import type { InstantText } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { ScaledQuantity } from '../domain/quantity.ts';
import { limitedCounterName } from '../meter/usage-group.ts';
import type { BoundedReading } from './judge-event.ts';
import type { Acceptable, AppliedGroup } from './plan-groups.ts';

/** Told that usage of a tenant's period has reached a threshold. Best effort: errors are its own to report. */
export type OnThreshold = (tenant: string, periodStart: InstantText) => void;

/** Maxima of which it is remembered what was told; the oldest goes first, and is at worst told once more. */
const TOLD_MAXIMA_MAX = 10_000;

/** What the accepted events of one call gave one counter. */
interface Growth {
  readonly judgement: Acceptable;
  readonly meter: Meter;
  readonly thresholds: readonly ScaledQuantity[];
  /** All values together. The sum of a whole call is a safe integer. */
  added: number;
  largest: ScaledQuantity;
}

/**
 * Sees at the call that takes an event whether it brought a counter to a threshold: the script answers totals after the call, and
 * what the call added is known here. Costs nothing where no meter of the call has thresholds.
 */
export class ThresholdWalk {
  readonly #onThreshold: OnThreshold;
  /** The highest threshold that was told of a maximum: unlike a total, it does not tell what it was before. */
  readonly #toldMaxima = new Map<string, ScaledQuantity>();

  constructor(onThreshold: OnThreshold) {
    this.#onThreshold = onThreshold;
  }

  /** Tells of the thresholds that an applied call has reached: once for each tenant and period. */
  follow(applied: AppliedGroup): void {
    if (applied.answer.totals.size === 0) return;
    const told = new Set<string>();
    for (const growth of growthOfCounters(applied)) {
      if (growth === undefined || !this.#reachesOne(growth, applied.answer.totals)) continue;
      const { entry, accountingPeriod } = growth.judgement;
      const place = `${entry.tenant.id}/${accountingPeriod.start}`;
      if (told.has(place)) continue;
      told.add(place);
      this.#onThreshold(entry.tenant.id, accountingPeriod.start);
    }
  }

  #reachesOne(growth: Growth, totals: ReadonlyMap<string, string>): boolean {
    const { judgement, meter, thresholds, added, largest } = growth;
    const name = limitedCounterName(judgement.entry.tenant.id, judgement.accountingPeriod.start, meter.key);
    // A total may be far beyond what a number holds exactly.
    const after = BigInt(totals.get(name) ?? '0');
    if (meter.aggregation === 'max') return BigInt(largest) === after && this.#isNewMaximum(name, thresholds, largest);
    const before = after - BigInt(added);
    return thresholds.some((threshold) => before < threshold && threshold <= after);
  }

  #isNewMaximum(name: string, thresholds: readonly ScaledQuantity[], maximum: ScaledQuantity): boolean {
    const reached = thresholds.findLast((threshold) => threshold <= maximum);
    if (reached === undefined || reached <= (this.#toldMaxima.get(name) ?? 0)) return false;
    this.#toldMaxima.delete(name);
    const [oldest] = this.#toldMaxima.keys();
    if (oldest !== undefined && this.#toldMaxima.size >= TOLD_MAXIMA_MAX) this.#toldMaxima.delete(oldest);
    this.#toldMaxima.set(name, reached);
    return true;
  }
}

/** By the numbers that the group has given its periods and meters, with holes. */
function growthOfCounters({ planned, answer }: AppliedGroup): readonly (Growth | undefined)[] {
  const growths: (Growth | undefined)[] = [];
  const { group, events } = planned;
  for (let place = 0; place < events.length; place += 1) {
    const judgement = events[place]?.judgement;
    const packed = group.events[place];
    if (judgement === undefined || packed === undefined || answer.statuses[place] !== 'A') continue;
    for (let index = 0; index < judgement.readings.length; index += 1) {
      const reading = judgement.readings[index];
      const meterIndex = packed.meterIndexes[index];
      if (reading?.thresholds === undefined || meterIndex === undefined) continue;
      const number = packed.periodIndex * group.meters.length + meterIndex;
      const growth = (growths[number] ??= noGrowth(judgement, reading, reading.thresholds));
      growth.added += reading.scaled;
      growth.largest = Math.max(growth.largest, reading.scaled);
    }
  }
  return growths;
}

function noGrowth(judgement: Acceptable, { meter }: BoundedReading, thresholds: readonly ScaledQuantity[]): Growth {
  return { judgement, meter, thresholds, added: 0, largest: 0 };
}
