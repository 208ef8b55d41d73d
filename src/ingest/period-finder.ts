import { formatInstant, type EpochMicros, type InstantText } from '../domain/instant.ts';
import { periodAt, type Period } from '../domain/period.ts';
import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';

/** A period with its name, as keys and journal entries write it. */
export interface NamedPeriod extends Period {
  readonly start: InstantText;
}

/** Tenants and periods that are remembered; then the memory starts afresh. */
const TENANTS_MAX = 50_000;
const PERIODS_PER_TENANT_MAX = 64;

/**
 * Finds the billing period of an instant. Computing one takes time-zone arithmetic, so each tenant's last ones are kept: an
 * event almost always falls into one of them.
 */
export class PeriodFinder {
  readonly #byTenant = new Map<string, { readonly calendar: string; readonly periods: NamedPeriod[] }>();

  /** The period of the tenant's calendar that holds the instant; `undefined` before its start and after its end. */
  find(entry: TenantEntry, instant: EpochMicros): NamedPeriod | undefined {
    const periods = this.#periodsOf(entry);
    const known = periods.find((period) => period.startMicros <= instant && instant < period.endMicros);
    if (known !== undefined) return known;
    const found = periodAt(entry.calendar, instant);
    if (found === undefined) return undefined;
    const named = { ...found, start: formatInstant(found.startMicros) };
    if (periods.length >= PERIODS_PER_TENANT_MAX) periods.shift();
    periods.push(named);
    return named;
  }

  #periodsOf(entry: TenantEntry): NamedPeriod[] {
    const { timeZone, anchor, length, endsAt } = entry.calendar;
    const calendar = `${timeZone}|${anchor}|${length}|${endsAt ?? ''}`;
    const known = this.#byTenant.get(entry.tenant.id);
    if (known !== undefined && known.calendar === calendar) return known.periods;
    if (this.#byTenant.size >= TENANTS_MAX) this.#byTenant.clear();
    const periods: NamedPeriod[] = [];
    this.#byTenant.set(entry.tenant.id, { calendar, periods });
    return periods;
  }
}
