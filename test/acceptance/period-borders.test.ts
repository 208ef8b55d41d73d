import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCatalogue, callApi, eventually, issuedInvoices } from '../support/api-calls.ts';
import { simpleCatalogue } from '../support/simple-catalogue.ts';
import { type World, startWorld } from '../support/world.ts';

function catalogue(minuteStart: string, minuteEnd: string): string {
  return simpleCatalogue({ baseFee: '0', unitPrice: '1' }, [
    {
      id: 'kathmandu',
      timeZone: 'Asia/Kathmandu',
      billingStart: '2026-01-31T00:00:00+05:45',
      endsAt: '2026-03-31T00:00:00+05:45',
      periodLength: 'month',
    },
    { id: 'minutes', billingStart: minuteStart, endsAt: minuteEnd, periodLength: 'minute' },
  ]);
}

interface UsageRow {
  readonly start: string;
  readonly meter: string;
  readonly quantity: string;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** Minutes ago, whole: three periods that ended, of which events are not too old. */
const minuteStartMs = Math.floor(Date.now() / 60_000) * 60_000 - 10 * 60_000;

/** An instant of the minutes' tenant, with any fraction of a second. */
function at(ms: number, fraction = ''): string {
  return instant(minuteStartMs + ms).replace(/\.\d+Z$/, `${fraction}Z`);
}

/** Both tests send one event just before the tenant's life, five in it and one just after it. */
const OUTCOMES = ['tenant_closed', ...Array.from({ length: 5 }, () => 'accepted'), 'tenant_closed'];

describe('events around the border of a period', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
    await applyCatalogue(world, catalogue(instant(minuteStartMs), instant(minuteStartMs + 3 * 60_000)));
  }, 120_000);

  afterAll(async () => {
    await world.close();
  });

  /** Sends one event per instant; its quantity tells it apart on the bill. */
  async function send(
    tenant: string,
    events: readonly (readonly [occurredAt: string, quantity: number])[],
  ): Promise<string[]> {
    const body = events.map(([occurredAt, quantity]) => ({ tenant, type: 'calls', occurredAt, quantity }));
    const answer = await callApi<{ results: { outcome: string }[] }>(world, 'POST', '/v1/events', body);
    return answer.body.results.map(({ outcome }) => outcome);
  }

  async function billed(tenant: string, periods: number): Promise<Record<string, string>> {
    await callApi(world, 'POST', `/v1/tenants/${tenant}/resume`);
    const invoices = await eventually(
      async () => {
        const list = await issuedInvoices(world, tenant);
        return list.length === periods ? list : undefined;
      },
      90_000,
      `${periods} invoices`,
    );
    return Object.fromEntries(
      invoices.map(({ content }) => [
        content.supplyStart,
        content.lines.find(({ key }) => key === 'charge:calls')?.quantity ?? '0',
      ]),
    );
  }

  test('fall into the right month and day of Kathmandu', { timeout: 150_000 }, async () => {
    // Midnight in Kathmandu is 18:15 UTC of the day before. The anchor day 31 clamps to 28 February and comes back.
    const outcomes = await send('kathmandu', [
      ['2026-01-30T18:14:59.999999Z', 1],
      ['2026-01-30T18:15:00Z', 2],
      ['2026-02-27T18:14:59.9999999Z', 4],
      ['2026-02-27T18:15:00Z', 8],
      ['2026-02-27T18:15:00.000001Z', 16],
      ['2026-03-30T18:14:59.999999Z', 32],
      ['2026-03-30T18:15:00Z', 64],
    ]);
    expect(outcomes).toEqual(OUTCOMES);
    expect(await billed('kathmandu', 2)).toEqual({ '2026-01-30T18:15:00Z': '6', '2026-02-27T18:15:00Z': '56' });
    const usage = await callApi<{ data: UsageRow[] }>(
      world,
      'GET',
      '/v1/tenants/kathmandu/usage?by=day&from=2026-01-30T18:15:00Z&to=2026-03-30T18:15:00Z',
    );
    expect(Object.fromEntries(usage.body.data.map(({ start, quantity }) => [start, quantity]))).toEqual({
      '2026-01-30T18:15:00Z': '2',
      '2026-02-26T18:15:00Z': '4',
      '2026-02-27T18:15:00Z': '24',
      '2026-03-29T18:15:00Z': '32',
    });
  });

  test('fall into the right minute', { timeout: 150_000 }, async () => {
    const outcomes = await send('minutes', [
      [at(-1_000, '.999999'), 1],
      [at(0), 2],
      [at(59_000, '.999999'), 4],
      [at(60_000), 8],
      [at(60_000, '.000001'), 16],
      [at(179_000, '.9999999'), 32],
      [at(180_000), 64],
    ]);
    expect(outcomes).toEqual(OUTCOMES);
    expect(await billed('minutes', 3)).toEqual({ [at(0)]: '6', [at(60_000)]: '24', [at(120_000)]: '32' });
  });
});
