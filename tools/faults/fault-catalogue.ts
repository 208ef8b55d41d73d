import { EVENT_TYPE, tenantsOf } from './load-plan.ts';

const DAYS_BACK = 40;
const MS_PER_DAY = 86_400_000;

function tenantText(id: string, plan: string, billingStart: string): string {
  return `  - { id: ${id}, name: ${id}, currency: USD, timeZone: UTC, billingStart: "${billingStart}", periodLength: year, paused: true, plan: ${plan} }`;
}

/**
 * A catalogue (YAML text) with the tenants of all rounds: an event is counted and summed up; limited tenants may have so many units.
 *
 * @param nowMs tenants are billed from some weeks before this instant
 */
export function faultCatalogue(rounds: number, limit: number, nowMs: number): string {
  const billingStart = new Date(Math.floor(nowMs / MS_PER_DAY - DAYS_BACK) * MS_PER_DAY).toISOString();
  const tenants = Array.from({ length: rounds }, (_, round) => tenantsOf(round)).flatMap(({ open, limited }) => [
    ...open.map((id) => tenantText(id, 'open', billingStart)),
    tenantText(limited, 'limited', billingStart),
  ]);
  return `
issuer: { name: Fault run, addressLines: [] }
meters:
  - { key: calls, eventType: ${EVENT_TYPE}, aggregation: sum, value: quantity, unit: call }
  - { key: events, eventType: ${EVENT_TYPE}, aggregation: count, unit: event }
plans:
  - { key: open, name: Open, currency: USD }
  - { key: limited, name: Limited, currency: USD, limits: [{ meter: calls, mode: hard, window: period, limit: ${limit} }] }
tenants:
${tenants.join('\n')}
`;
}
