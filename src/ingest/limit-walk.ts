import { formatInstant } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { LimitState } from '../domain/outcome.ts';
import { scaledText, type ScaledQuantity } from '../domain/quantity.ts';
import { limitedCounterName } from '../meter/usage-group.ts';
import type { Acceptable, PlannedEvent, PlannedGroup } from './plan-groups.ts';

/** Follows the limited totals of one applied group from event to event, so that each answer shows the state after it. */
export class LimitWalk {
  readonly #used = new Map<string, bigint>();

  /** @param totals after the call, of which what its accepted events added is taken off again */
  constructor(planned: PlannedGroup, accepted: ReadonlySet<number>, totals: ReadonlyMap<string, string>) {
    for (const [name, total] of totals) this.#used.set(name, BigInt(total));
    planned.events.forEach(({ judgement }, index) => {
      if (accepted.has(index)) this.#move(judgement, -1n);
    });
  }

  /** The states after an event; `undefined` when none of its meters is limited. */
  after({ judgement }: PlannedEvent<Acceptable>, wasAccepted: boolean): readonly LimitState[] | undefined {
    if (wasAccepted) this.#move(judgement, 1n);
    const states: LimitState[] = [];
    for (const { meter, limit } of judgement.readings) {
      if (limit === undefined) continue;
      const used = this.#used.get(counterName(judgement, meter.key)) ?? 0n;
      states.push(limitState(judgement, meter, limit.scaled, used));
    }
    return states.length === 0 ? undefined : states;
  }

  #move(judgement: Acceptable, sign: bigint): void {
    for (const { meter, limit, scaled } of judgement.readings) {
      if (limit === undefined || meter.aggregation === 'max') continue;
      const name = counterName(judgement, meter.key);
      this.#used.set(name, (this.#used.get(name) ?? 0n) + sign * BigInt(scaled));
    }
  }
}

/** How a limit stands. @param used the scaled total (or maximum) of the meter in the accounting period */
export function limitState(
  { accountingPeriod }: Acceptable,
  meter: Meter,
  limit: ScaledQuantity,
  used: bigint,
): LimitState {
  const remaining = BigInt(limit) - used;
  return {
    meter: meter.key,
    window: 'period',
    used: scaledText(used, meter.scale),
    limit: scaledText(limit, meter.scale),
    remaining: scaledText(remaining > 0n ? remaining : 0n, meter.scale),
    resetsAt: formatInstant(accountingPeriod.endMicros),
  };
}

function counterName({ entry, accountingPeriod }: Acceptable, meter: string): string {
  return limitedCounterName(entry.tenant.id, accountingPeriod.start, meter);
}
