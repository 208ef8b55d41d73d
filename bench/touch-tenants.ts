import { setTimeout as delay } from 'node:timers/promises';

import { LIMITED_TENANTS, limitedTenantId, tenantId } from './catalogue.ts';

/** A first event makes the tenant's counters from the ledger, which many at once may keep from an answer in time. */
const ATTEMPTS_MAX = 30;
const RETRY_MS = 500;
const LANES = 4;

/**
 * Sends one event for every tenant, so that no measurement pays for the counters of tenants that were never heard of.
 *
 * @param run makes the ids new
 */
export async function touchTenants(apiUrl: string, apiKey: string, tenants: number, run: string): Promise<void> {
  const names = [
    ...Array.from({ length: tenants }, (_, index) => tenantId(index)),
    ...Array.from({ length: LIMITED_TENANTS }, (_, index) => limitedTenantId(index)),
  ];
  const lane = async (): Promise<void> => {
    for (let tenant = names.pop(); tenant !== undefined; tenant = names.pop()) {
      await touchTenant(apiUrl, apiKey, tenant, run);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function touchTenant(apiUrl: string, apiKey: string, tenant: string, run: string): Promise<void> {
  const properties = { inputTokens: 1, outputTokens: 1, model: 'large' };
  const event = { id: `touch-${run}`, tenant, type: 'llm.request', occurredAt: new Date().toISOString(), properties };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` };
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${apiUrl}/v1/events`, { method: 'POST', headers, body: JSON.stringify(event) });
    const text = await answer.text();
    if (answer.status === 200 && /"accepted"|"duplicate"/.test(text)) return;
    if (answer.status !== 503 || attempt === ATTEMPTS_MAX) {
      throw new Error(`the first event of ${tenant} was answered ${answer.status}: ${text.slice(0, 500)}`);
    }
    await delay(RETRY_MS);
  }
}
