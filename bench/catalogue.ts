/** A limit that is judged and never reached. */
const DISTANT_LIMIT = 900_000_000_000_000;

/** How many tenants have a limit: enough that `check` does not ask for one hot counter. */
export const LIMITED_TENANTS = 100;

/** `t000`, `t001`, …: all of one length, as every part of a request that is exchanged in place must be. */
export function tenantId(index: number): string {
  return `t${String(index).padStart(3, '0')}`;
}

/** `c000`, `c001`, …: tenants whose plan has a hard limit on the meter `requests`. */
export function limitedTenantId(index: number): string {
  return `c${String(index).padStart(3, '0')}`;
}

/** A tenant whose ledger is filled by hand and to whom nothing is sent. Its periods are months. */
export const FILLED_TENANT = 'f000';

/**
 * What is measured with: one event of a language model feeds two meters, a count and a sum with one dimension. Periods are
 * years, so that none ends while something is measured.
 */
export function catalogueText(tenants: number): string {
  const header = `
issuer: { name: Bench, addressLines: [] }
meters:
  - { key: requests, eventType: llm.request, aggregation: count, unit: request }
  - key: input_tokens
    eventType: llm.request
    aggregation: sum
    value: { property: inputTokens }
    dimensions: [model]
    unit: token
plans:
  - { key: bench, name: Bench, currency: USD, baseFee: 0, charges: [] }
  - key: limited
    name: Limited
    currency: USD
    baseFee: 0
    charges: []
    limits:
      - { meter: requests, mode: hard, limit: ${DISTANT_LIMIT} }
tenants:`;
  const open = Array.from({ length: tenants }, (_, index) => tenantText(tenantId(index), 'bench'));
  const limited = Array.from({ length: LIMITED_TENANTS }, (_, index) => tenantText(limitedTenantId(index), 'limited'));
  const filled = tenantText(FILLED_TENANT, 'bench').replace('periodLength: year', 'periodLength: month');
  return `${header}${[...open, ...limited, filled].join('')}\n`;
}

function tenantText(id: string, plan: string): string {
  return `
  - id: ${id}
    name: Tenant ${id}
    currency: USD
    timeZone: UTC
    billingStart: 2026-01-01T00:00:00Z
    periodLength: year
    lateWindow: 1h
    taxRates: []
    paymentTermsDays: 30
    plan: ${plan}
    buyer: { name: Bench, addressLines: [] }`;
}
