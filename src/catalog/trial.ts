import type { EpochMicros } from '../domain/instant.ts';
import { periodBoundary } from '../domain/period.ts';
import type { TenantEntry } from './catalogue-snapshot.ts';

/** Where a tenant's trial ends: so many days of its own calendar after its billing start. `undefined` where it has none. */
export function trialEnd({ tenant, calendar }: Pick<TenantEntry, 'tenant' | 'calendar'>): EpochMicros | undefined {
  const { trialDays } = tenant;
  return trialDays === undefined ? undefined : periodBoundary({ ...calendar, length: 'day' }, trialDays);
}
