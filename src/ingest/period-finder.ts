import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { periodAt, type Period } from '../domain/period.ts';
import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';

/** A period with its name, as keys and journal entries write it. */
export interface NamedPeriod extends Period {
  readonly start: InstantText;
}

/** Periods that are remembered per tenant and snapshot; the oldest goes first. */
const PERIODS_PER_TENANT_MAX = 64;

/**
 * Finds the billing period of an instant. Computing one takes time-zone arithmetic, so those that were found are kept with the
 * tenant's entry of the catalogue snapshot: an event almost always falls into one of them. They go when the snapshot does.
 */
export class PeriodFinder {
  readonly #byEntry = new WeakMap<TenantEntry, NamedPeriod[]>();

  /** The period of the tenant's calendar that holds the instant; `undefined` before its start and after its end. */
  find(entry: TenantEntry, instant: EpochMicros): NamedPeriod | undefined {
    let periods = this.#byEntry.get(entry);
    if (periods === undefined) this.#byEntry.set(entry, (periods = []));
    for (const period of periods) {
      if (period.startMicros <= instant && instant < period.endMicros) return period;
    }
    const found = periodAt(entry.calendar, instant);
    if (found === undefined) return undefined;
    const named = { ...found, start: formatInstant(found.startMicros) };
    if (periods.length >= PERIODS_PER_TENANT_MAX) periods.shift();
    periods.push(named);
    return named;
  }
}
