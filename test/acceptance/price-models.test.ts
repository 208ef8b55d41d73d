import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { applyCatalogue, callApi, eventually, type InvoiceAnswer, issuedInvoices } from '../support/api-calls.ts';
import { startWorld, type World } from '../support/world.ts';

/** A line as the API shows it; only what these tests look at. */
interface Line {
  readonly key: string;
  readonly quantity: string;
  readonly amountMinor: string;
  readonly steps: readonly { readonly sentence: string }[];
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** What one charge comes to, in minor units; further lines by the end of their keys. */
interface Case {
  readonly charge: string;
  /** In YAML, without key, meter and description. */
  readonly yaml: string;
  readonly meter?: string;
  readonly used: readonly (readonly [kind: string, amountMinor: string])[];
  /** Where hours and days of Kolkata make another price; left out: the same. */
  readonly inKolkata?: string;
  /** For a tenant without usage; left out: nothing. */
  readonly idle?: readonly (readonly [kind: string, amountMinor: string])[];
}

function priced(
  charge: string,
  yaml: string,
  amountMinor: string,
  more: Partial<Pick<Case, 'meter' | 'inKolkata' | 'idle'>> = {},
): Case {
  return { charge, yaml, used: [['', amountMinor]], ...more };
}

const PER_UNIT = 'price: { model: per_unit, unitPrice: 0.02 }';

/** Calls: 140 of eu (100 small, 40 large), 100 of us (large), 10 of nowhere (tiny). Payments: 100, 10, 890, 500. Peak: 7.5. */
const CASES: readonly Case[] = [
  priced('per_unit', PER_UNIT, '500'),
  priced(
    'graduated',
    `price: { model: graduated, bands: [
      { upTo: 100, unitPrice: 0.10, flatFee: 1 }, { upTo: 200, unitPrice: 0.05 }, { unitPrice: 0.01 }] }`,
    '1650',
  ),
  priced(
    'volume',
    'price: { model: volume, bands: [{ upTo: 100, unitPrice: 0.10 }, { upTo: 300, unitPrice: 0.05 }, { unitPrice: 0.01 }] }',
    '1250',
  ),
  priced('package', 'price: { model: package, size: 100, packagePrice: 3, freeUnits: 40 }', '900'),
  priced(
    'percentage',
    `price: { model: percentage, percent: 2.9, fixedFee: 0.30, freeEvents: 1, minimumPerEvent: 1, maximumPerEvent: 12 }`,
    '2500',
    { meter: 'payments' },
  ),
  priced(
    'graduated_percentage',
    'price: { model: graduated_percentage, bands: [{ upTo: 1000, percent: 2, flatFee: 1 }, { percent: 1 }] }',
    '2600',
    { meter: 'payments' },
  ),
  priced(
    'capacity',
    'price: { model: capacity, bands: [{ upTo: 5, flatFee: 10 }, { upTo: 10, flatFee: 18 }, { flatFee: 30 }] }',
    '1800',
    { meter: 'storage', idle: [['', '1000']] },
  ),
  priced(
    'by_hour',
    `price: { model: bucketed, bucket: hour,
      price: { model: graduated, bands: [{ upTo: 60, unitPrice: 0.10 }, { unitPrice: 0.05 }] } }`,
    '1850',
    { inKolkata: '2100' },
  ),
  priced(
    'by_day',
    'price: { model: bucketed, bucket: day, price: { model: package, size: 150, packagePrice: 3 } }',
    '600',
    { inKolkata: '900' },
  ),
  priced('flat', 'price: { model: flat, amount: 7 }', '700', { idle: [['', '700']] }),
  priced('flat_when_used', 'price: { model: flat, amount: 2, due: when_used }', '200'),
  priced(
    'matrix_of_one',
    `price: { model: matrix, dimensions: [region], otherwise: { model: per_unit, unitPrice: 0.05 }, cells: [
      { values: [eu], price: { model: per_unit, unitPrice: 0.10 } },
      { values: [us], price: { model: per_unit, unitPrice: 0.20 } }] }`,
    '3450',
  ),
  priced(
    'matrix_of_two',
    `price: { model: matrix, dimensions: [region, model], otherwise: { model: flat, amount: 2, due: when_used }, cells: [
      { values: [eu, small], price: { model: per_unit, unitPrice: 0.10 } },
      { values: [us, large], price: { model: package, size: 30, packagePrice: 1 } }] }`,
    '1800',
  ),
  priced('dynamic', 'price: { model: dynamic, multiplier: 1 }', '351', { meter: 'prices' }),
  // Held to the end of the period, which is five and a half hours earlier in Kolkata.
  priced('by_time', 'conversion: { divide: 3600 }, price: { model: per_unit, unitPrice: 0.10 }', '480', {
    meter: 'stored',
    inKolkata: '370',
  }),
  priced('conversion', 'conversion: { divide: 60, rounding: up }, price: { model: per_unit, unitPrice: 0.70 }', '350'),
  priced('included', `includedUnits: 50, ${PER_UNIT}`, '400'),
  priced(
    'included_after_band',
    `includedUnits: 100, includedUnitsTaken: after_band,
      price: { model: volume, bands: [{ upTo: 200, unitPrice: 0.10 }, { unitPrice: 0.05 }] }`,
    '750',
  ),
  priced(
    'group_by',
    `groupBy: region, includedUnits: 20,
      price: { model: graduated, bands: [{ upTo: 100, unitPrice: 0.10 }, { unitPrice: 0.01 }] }`,
    '1820',
  ),
  priced('filter', `filter: { region: [eu] }, ${PER_UNIT}`, '280'),
  priced('discount_percent', `discount: { percent: 10 }, ${PER_UNIT}`, '450'),
  priced('discount_amount', `discount: { amount: 2 }, ${PER_UNIT}`, '300'),
  {
    charge: 'minimum',
    yaml: `minimum: 8, ${PER_UNIT}`,
    used: [
      ['', '500'],
      [':minimum', '300'],
    ],
    idle: [
      ['', '0'],
      [':minimum', '800'],
    ],
  },
  {
    charge: 'maximum',
    yaml: `maximum: 3.50, ${PER_UNIT}`,
    used: [
      ['', '500'],
      [':maximum', '-150'],
    ],
  },
  priced('commitment', `commitment: { amount: 4, overageFactor: 1.5, trueUp: false }, ${PER_UNIT}`, '550'),
  priced('true_up', `commitment: { amount: 10 }, ${PER_UNIT}`, '1000', { idle: [['', '1000']] }),
];

const START = '2026-03-01T00:00:00Z';
/** April begins in Kolkata before it does in UTC. */
const TENANTS = { utc: 'UTC', kolkata: 'Asia/Kolkata', idle: 'UTC' } as const;
const BILLING = {
  UTC: { from: START, to: '2026-04-01T00:00:00Z' },
  'Asia/Kolkata': { from: '2026-02-28T18:30:00Z', to: '2026-03-31T18:30:00Z' },
} as const;

function catalogue(): string {
  const charges = CASES.map(
    ({ charge, meter = 'calls', yaml }) =>
      `      - { key: ${charge}, meter: ${meter}, ${yaml.replaceAll(/\s+/g, ' ')} }`,
  );
  const tenants = Object.entries(TENANTS).map(
    ([id, zone]) => `
  - { id: ${id}, currency: USD, timeZone: ${zone}, billingStart: "${BILLING[zone].from}", endsAt: "${BILLING[zone].to}",
      lateWindow: 0s, plan: every_model, paused: true }`,
  );
  return `
issuer: { name: Tollkeeper Test Ltd }
meters:
  - { key: calls, aggregation: sum, dimensions: [region, model], unit: call }
  - { key: payments, aggregation: sum, value: { property: amount }, scale: 2, unit: USD }
  - { key: prices, aggregation: sum, value: { property: price }, scale: 3, unit: USD }
  - { key: storage, aggregation: max, scale: 1, unit: GB }
  - { key: stored, aggregation: time_weighted, unit: GB }
plans:
  - key: every_model
    currency: USD
    charges:
${charges.join('\n')}
tenants:${tenants.join('')}
`;
}

type Event = readonly [type: string, at: string, more: object];

/** In Kolkata 18:20 is the last hour of its day, 18:40 the first of the next; in UTC both are in one hour. */
const EVENTS: readonly Event[] = [
  ['calls', '2026-03-10T10:00:00Z', { quantity: 100, properties: { region: 'eu', model: 'small' } }],
  ['calls', '2026-03-10T18:20:00Z', { quantity: 100, properties: { region: 'us', model: 'large' } }],
  ['calls', '2026-03-10T18:40:00Z', { quantity: 40, properties: { region: 'eu', model: 'large' } }],
  ['calls', '2026-03-10T18:45:00Z', { quantity: 10, properties: { model: 'tiny' } }],
  ['payments', '2026-03-20T10:00:00Z', { properties: { amount: '100' } }],
  ['payments', '2026-03-19T10:00:00Z', { properties: { amount: '10' } }],
  ['payments', '2026-03-18T10:00:00Z', { properties: { amount: '890' } }],
  ['payments', '2026-03-17T10:00:00Z', { properties: { amount: '500.00' } }],
  ['prices', '2026-03-11T10:00:00Z', { properties: { price: '1.005' } }],
  ['prices', '2026-03-11T10:00:01Z', { properties: { price: '2.5' } }],
  ['stored', '2026-03-31T00:00:00Z', { quantity: 2 }],
  ['storage', '2026-03-12T10:00:00Z', { quantity: '7.5' }],
  ['storage', '2026-03-13T10:00:00Z', { quantity: '3' }],
];

describe('every price, from the catalogue over events and the cycle to the issued invoice', () => {
  let world: World;
  const invoices = new Map<string, InvoiceAnswer>();

  beforeAll(async () => {
    world = await startWorld();
    await applyCatalogue(world, catalogue());
    for (const tenant of ['utc', 'kolkata']) await send(tenant);
    await Promise.all(Object.keys(TENANTS).map(bill));
  }, 240_000);

  afterAll(async () => {
    await world.close();
  });

  async function send(tenant: string): Promise<void> {
    const body = EVENTS.map(([type, occurredAt, more]) => ({ tenant, type, occurredAt, ...more }));
    const answer = await callApi<{ results: { outcome: string }[] }>(world, 'POST', '/v1/events', body);
    const refused = answer.body.results.filter(({ outcome }) => outcome !== 'accepted');
    if (refused.length > 0) throw new Error(`events were refused: ${JSON.stringify(refused)}`);
  }

  async function bill(tenant: string): Promise<void> {
    await callApi(world, 'POST', `/v1/tenants/${tenant}/resume`);
    const issued = async (): Promise<InvoiceAnswer | undefined> => (await issuedInvoices(world, tenant))[0];
    invoices.set(tenant, await eventually(issued, 150_000, `the invoice of ${tenant}`));
  }

  function linesOf(tenant: string, charge: string): readonly Line[] {
    const lines = (invoices.get(tenant)?.content.lines ?? []) as readonly Line[];
    return lines.filter(({ key }) => key === `charge:${charge}` || key.startsWith(`charge:${charge}:`));
  }

  function amountsOf(tenant: string, charge: string): unknown {
    return linesOf(tenant, charge).map(({ key, amountMinor }) => [key.slice(`charge:${charge}`.length), amountMinor]);
  }

  test.each(CASES)('$charge', ({ charge, used, inKolkata, idle = [['', '0']] }) => {
    expect(amountsOf('utc', charge)).toEqual(used);
    expect(amountsOf('kolkata', charge)).toEqual(inKolkata === undefined ? used : [['', inKolkata]]);
    expect(amountsOf('idle', charge)).toEqual(idle);
  });

  test('adds up to the total, and every line says how it came about', () => {
    for (const tenant of Object.keys(TENANTS)) {
      const { lines, totalMinor } = invoices.get(tenant)?.content ?? { lines: [], totalMinor: '' };
      expect(lines.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n).toString()).toBe(totalMinor);
      expect((lines as readonly Line[]).filter(({ steps }) => steps.length === 0)).toEqual([]);
    }
  });

  test('names the events behind a line after its filter, and where the ledger has them', () => {
    const [line] = linesOf('utc', 'filter');
    expect(line).toMatchObject({
      quantity: '140',
      provenance: {
        charge: 'filter',
        planKey: 'every_model',
        planVersion: 1,
        meter: 'calls',
        meterVersion: 1,
        from: START,
        to: '2026-04-01T00:00:00Z',
        eventCount: '2',
      },
    });
    const range = (charge: string): unknown => linesOf('utc', charge)[0]?.provenance['ledgerRange'];
    expect(range('filter')).toMatchObject({ first: expect.stringMatching(/^\d+-\d+$/) as unknown });
    // The first and the third of the calls against the first and the last.
    expect(range('filter')).not.toEqual(range('per_unit'));
    expect(linesOf('idle', 'filter')[0]?.provenance).toMatchObject({ eventCount: '0', ledgerRange: null });
  });
});
