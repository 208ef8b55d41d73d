import type { InstantText } from './instant.ts';

/**
 * Names and ids of the workflows: what the API, activities and the workflows themselves must agree on. Ids are built here only,
 * because one id means one workflow.
 */
export const TENANT_BILLING = 'tenantBilling';
export const CLOSE_CYCLE = 'closeCycle';
export const DRAIN_JOURNAL = 'drainJournal';

/** One for each tenant, for ever. */
export function tenantBillingId(tenant: string): string {
  return `tenant-billing/${tenant}`;
}

/** One for each tenant, period and revision. A re-run (revision 1 and up) says so in its id. */
export function closeCycleId(tenant: string, periodStart: InstantText, revision: number): string {
  const first = `close-cycle/${tenant}/${periodStart}`;
  return revision === 0 ? first : `${first}/r${revision}`;
}

/** One for each shard of the journal. */
export function drainJournalId(shard: number): string {
  return `drain-journal/${shard}`;
}
