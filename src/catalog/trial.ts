import type { EpochMicros } from '../domain/instant.ts';
import { gridBoundary } from '../domain/period-grid.ts';
import type { TenantEntry } from './catalogue-snapshot.ts';

/** Where a tenant's trial ends: so many local days after its billing start, whatever its periods are. `undefined` where it has none. */
export function trialEnd({ tenant, calendar }: Pick<TenantEntry, 'tenant' | 'calendar'>): EpochMicros | undefined {
  const { trialDays } = tenant;
  if (trialDays === undefined) return undefined;
  const { timeZone, anchor } = calendar;
  return gridBoundary({ timeZone, anchor, length: 'day' }, trialDays);
}
