import { type EpochMicros, formatInstant, requireInstant } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import type { TenantEntry } from './catalogue-snapshot.ts';
import { ChangeRefusedError } from './change-refused-error.ts';

/** When a change takes effect: at once, with the tenant's next period, or at an instant whose period is not sealed. */
export type ChangeAt = 'now' | 'period_end' | EpochMicros;

/** Reads `now`, `period_end` or an RFC 3339 instant; throws `RangeError` on anything else. */
export function readChangeAt(text: string): ChangeAt {
  return text === 'now' || text === 'period_end' ? text : requireInstant(text);
}

/**
 * The instant of a change of a tenant's timeline. A tenant whose billing has not begun is changed from its beginning.
 *
 * @throws ChangeRefusedError where the tenant is not billed then, or that period is sealed
 */
export function changeInstant(entry: TenantEntry, at: ChangeAt, nowMicros: EpochMicros): EpochMicros {
  const { billingStartMicros, endsAtMicros, gate, calendar } = entry;
  const tenant = entry.tenant.id;
  const now = Math.max(nowMicros, billingStartMicros);
  const wanted = at === 'now' ? now : at === 'period_end' ? periodAt(calendar, now)?.endMicros : at;
  if (wanted === undefined || (endsAtMicros !== null && wanted >= endsAtMicros)) {
    const end = endsAtMicros === null ? '' : ` at ${formatInstant(endsAtMicros)}`;
    throw new ChangeRefusedError('tenant_ended', `the billing of tenant ${tenant} ends${end}: nothing holds after it`);
  }
  if (wanted < billingStartMicros) {
    const message = `the billing of tenant ${tenant} begins at ${formatInstant(billingStartMicros)}: choose that instant or a later one`;
    throw new ChangeRefusedError('before_start', message);
  }
  if (wanted < gate.sealedThroughMicros) {
    const message = `the periods of tenant ${tenant} through ${formatInstant(gate.sealedThroughMicros)} are sealed and billed: choose that instant or a later one`;
    throw new ChangeRefusedError('period_sealed', message);
  }
  return wanted;
}

/** @throws ChangeRefusedError where what is to be held would end before it begins */
export function refuseEmpty(atMicros: EpochMicros, untilMicros: EpochMicros | null): void {
  if (untilMicros === null || untilMicros > atMicros) return;
  const message = `it would end at ${formatInstant(untilMicros)}, and begin at ${formatInstant(atMicros)}: choose a later end`;
  throw new ChangeRefusedError('ends_before_start', message);
}
