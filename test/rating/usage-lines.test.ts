import { describe, expect, test } from 'vitest';

import type { InvoiceContent, InvoiceLine } from '../../src/domain/invoice.ts';
import type { Charge, PriceModel } from '../../src/domain/plan.ts';
import { stepsSentence } from '../../src/domain/steps-sentence.ts';
import { exactOfText } from '../../src/rating/exact.ts';
import type { EarlierBill, RatedSpan, RatingInputs, UsageFigures } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import {
  sampleCharge,
  sampleInputs,
  sampleLate,
  sampleMeter,
  samplePlan,
  sampleSpan,
  sampleUsage,
} from './sample-inputs.ts';

function planOf(charge: Charge) {
  return samplePlan({ baseFee: '0', charges: [charge] });
}

function inputsOf(charge: Charge, usage: string | UsageFigures, changes: Partial<RatingInputs> = {}): RatingInputs {
  const { quantity, ...figures } = typeof usage === 'string' ? { quantity: usage } : usage;
  const planVersion = planOf(charge);
  return sampleInputs({
    meters: [{ ...sampleMeter('requests', 'call'), dimensions: ['region'] }],
    tenant: { ...sampleInputs().tenant, taxRates: [] },
    spans: [sampleSpan({ planVersion, usage: [sampleUsage('requests', quantity, figures)] })],
    ...changes,
  });
}

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  for (const line of result.content.lines) expectStepsToLead(line);
  return result.content;
}

/** The steps add up to the amount of the line, or the last one says it. */
function expectStepsToLead({ amountMinor, steps }: InvoiceLine): void {
  const last = steps.at(-1);
  const isSaid = last !== undefined && ['sum', 'rounding', 'difference'].includes(last.step);
  const shown = (isSaid ? [last] : steps).map(({ amount }) => exactOfText(amount)).reduce((sum, one) => sum.plus(one));
  expect(shown.times(exactOfText('100')).text).toBe(amountMinor);
}

const linesOf = (inputs: RatingInputs): Record<string, string> =>
  Object.fromEntries(contentOf(inputs).lines.map(({ key, amountMinor }) => [key, amountMinor]));
const sentences = (inputs: RatingInputs): string[] => contentOf(inputs).lines.map(({ steps }) => stepsSentence(steps));

/** "First 100 calls free, next 900 at 0.005, above that 0.01, at most 500 a month." */
const CALLS: Charge = {
  ...sampleCharge('requests', {
    model: 'graduated',
    bands: [
      { upTo: '100', unitPrice: '0', flatFee: '0' },
      { upTo: '1000', unitPrice: '0.005', flatFee: '0' },
      { upTo: null, unitPrice: '0.01', flatFee: '0' },
    ],
    flatAtZero: false,
  }),
  maximum: '500',
};

const BILLS: [calls: number, totalMinor: string][] = [
  [0, '0'],
  [100, '0'],
  [101, '1'],
  [1000, '450'],
  [1001, '451'],
  [50_600, '50000'],
  [1_000_000, '50000'],
];

describe('first 100 calls free, next 900 at 0.005, above that 0.01, at most 500 a month', () => {
  test.each(BILLS)('%i calls in one bill', (calls, totalMinor) => {
    expect(contentOf(inputsOf(CALLS, `${calls}`)).totalMinor).toBe(totalMinor);
  });

  test.each(BILLS)('%i calls in three bills', (calls, totalMinor) => {
    const splits = [
      [Math.floor(calls / 3), Math.floor((2 * calls) / 3)],
      [0, calls],
      [Math.min(calls, 1), Math.min(calls, 1000)],
    ] as const;
    for (const [first, second] of splits) {
      const earlier: EarlierBill[] = [];
      for (const soFar of [first, second, calls]) {
        const isLast = earlier.length === 2;
        const { totalMinor: amountMinor } = contentOf(inputsOf(CALLS, `${soFar}`, { earlier, isLast }));
        earlier.push({ invoiceId: `inv_${earlier.length}`, amounts: [{ key: 'requests', amountMinor }] });
      }
      const billed = earlier.flatMap(({ amounts }) => amounts).reduce((sum, one) => sum + BigInt(one.amountMinor), 0n);
      expect(billed.toString()).toBe(totalMinor);
    }
  });

  test('calls what was billed before as its own charge is called', () => {
    const charges = ['calls', 'requests'].map((key) => ({ ...CALLS, key, description: `Many ${key}` }));
    const planVersion = samplePlan({ baseFee: '0', charges });
    const earlier = [{ invoiceId: 'inv_a', amounts: [{ key: 'requests', amountMinor: '1' }] }];
    const { lines } = contentOf(sampleInputs({ spans: [sampleSpan({ planVersion, usage: [] })], earlier }));
    expect(lines.at(-1)?.description).toBe('Many requests, already billed');
  });

  test('shows the price, what is not charged, and what was billed before', () => {
    const earlier = [{ invoiceId: 'inv_a', amounts: [{ key: 'requests', amountMinor: '450' }] }];
    const { lines } = contentOf(inputsOf(CALLS, '50600', { earlier }));
    expect(lines.map(({ kind, description, amountMinor }) => [kind, description, amountMinor])).toEqual([
      ['usage', 'requests', '50050'],
      ['maximum', 'requests, maximum', '-50'],
      ['already_billed', 'requests, already billed', '-450'],
    ]);
    expect(lines.map(({ steps }) => stepsSentence(steps))).toEqual([
      '100 × 0 = 0, then 900 × 0.005 = 4.5, then 49,600 × 0.01 = 496, together 500.5',
      '0.5 beyond the maximum of 500 are not charged',
      '4.5 billed on inv_a',
    ]);
    expect(lines.at(-1)?.provenance).toMatchObject({ billedInvoiceId: 'inv_a', meter: null });
  });
});

describe('minimum and maximum of a charge', () => {
  const price: PriceModel = { model: 'per_unit', unitPrice: '0.005' };
  const bounded = (bounds: Pick<Charge, 'minimum' | 'maximum'>): Charge => ({
    ...sampleCharge('requests', price),
    ...bounds,
  });

  test('are lines of their own, and lose no minor unit: the lines come to the rounded whole', () => {
    // 4.505 is 4.51, so 5.49 are missing to 10, and not 5.495 rounded.
    expect(linesOf(inputsOf(bounded({ minimum: '10' }), '901'))).toEqual({
      'charge:requests': '451',
      'charge:requests:minimum': '549',
    });
    expect(sentences(inputsOf(bounded({ minimum: '10' }), '901'))[1]).toBe(
      '5.495 missing to the minimum of 10, rounded to 5.49',
    );
    expect(linesOf(inputsOf(bounded({ maximum: '4' }), '901'))).toEqual({
      'charge:requests': '451',
      'charge:requests:maximum': '-51',
    });
  });

  test('a minimum is due for no usage, and by the last bill alone', () => {
    expect(linesOf(inputsOf(bounded({ minimum: '10' }), '0'))).toMatchObject({ 'charge:requests:minimum': '1000' });
    expect(linesOf(inputsOf(bounded({ minimum: '10' }), '0', { isLast: false }))).toEqual({ 'charge:requests': '0' });
  });

  test('hold for the part of the period that the plan held', () => {
    const spanOf = (from: string, to: string, quantity: string): RatedSpan => {
      return { from, to, planVersion: planOf(bounded({ minimum: '30' })), usage: [sampleUsage('requests', quantity)] };
    };
    const spans = [
      spanOf('2023-11-01T00:00:00Z', '2023-11-11T00:00:00Z', '0'),
      spanOf('2023-11-11T00:00:00Z', '2023-12-01T00:00:00Z', '1000'),
    ];
    const inputs = inputsOf(bounded({}), '0', { spans });
    expect(linesOf(inputs)).toEqual({
      'charge:requests:2023-11-01T00:00:00Z': '0',
      'charge:requests:2023-11-01T00:00:00Z:minimum': '1000',
      'charge:requests:2023-11-11T00:00:00Z': '500',
      'charge:requests:2023-11-11T00:00:00Z:minimum': '1500',
    });
    expect(sentences(inputs)[1]).toBe('10 missing to the minimum of 30 × 1/3 of the period');
  });

  test('so does a fee that is due always, where usage is carried over too', () => {
    const charge = sampleCharge('requests', { model: 'flat', amount: '30', due: 'always' });
    const planVersion = { ...planOf(charge), onChange: 'carry_over' as const };
    const usage = [sampleUsage('requests', '5')];
    const spans = [
      { from: '2023-11-01T00:00:00Z', to: '2023-11-11T00:00:00Z', planVersion, usage },
      { from: '2023-11-11T00:00:00Z', to: '2023-12-01T00:00:00Z', planVersion, usage },
    ];
    expect(Object.values(linesOf(inputsOf(charge, '0', { spans })))).toEqual(['1000', '2000']);
  });

  test('of a charge that came late were billed already', () => {
    const charge = bounded({ minimum: '10' });
    const usage = [
      {
        charge: 'requests',
        before: { quantity: '1000' },
        after: { quantity: '2400' },
        eventCount: '1',
        ledgerRange: null,
      },
    ];
    const late = sampleLate({ planVersion: planOf(charge), usage });
    const line = contentOf(inputsOf(bounded({}), '0', { late: [late] })).lines.at(-1);
    expect(line).toMatchObject({ kind: 'late_usage', amountMinor: '200' });
    expect(stepsSentence(line?.steps ?? [])).toContain('then 5 by minimum and maximum');
  });
});

const part = (region: string, quantity: string) => ({ values: { region }, bucket: null, quantity, eventCount: '1' });

describe('usage in parts', () => {
  const charge: Charge = {
    ...sampleCharge('requests', { model: 'package', size: '10', packagePrice: '1', freeUnits: '0' }),
    groupBy: 'region',
  };

  test('is one line, whose steps name the parts', () => {
    const usage = { quantity: '12', parts: [part('eu', '11'), part('us', '1')] };
    expect(linesOf(inputsOf(charge, usage))).toEqual({ 'charge:requests': '300' });
    expect(sentences(inputsOf(charge, usage))[0]).toBe(
      'region eu: 11 in packages of 10 = 2 packages, then 2 × 1 = 2, then ' +
        'region us: 1 in packages of 10 = 1 package, then 1 × 1 = 1, together 3',
    );
  });

  test('that came late is the difference that its parts make', () => {
    const usage = {
      charge: 'requests',
      before: { quantity: '12', parts: [part('eu', '11'), part('us', '1')] },
      after: { quantity: '20', parts: [part('eu', '19'), part('us', '1')] },
      eventCount: '8',
      ledgerRange: null,
    };
    const latePlan = planOf(charge);
    const late = sampleLate({ planVersion: latePlan, usage: [usage] });
    expect(contentOf(inputsOf(charge, '0', { late: [late] })).lines.at(-1)).toMatchObject({
      kind: 'late_usage',
      quantity: '8',
      amountMinor: '0',
    });
    const dearer = { ...usage, after: { quantity: '23', parts: [part('eu', '22'), part('us', '1')] } };
    const more = sampleLate({ planVersion: latePlan, usage: [dearer] });
    expect(contentOf(inputsOf(charge, '0', { late: [more] })).lines.at(-1)).toMatchObject({
      quantity: '11',
      amountMinor: '100',
    });
  });
});

test('a line names its own meter with the version that counted, and the unit of what is billed', () => {
  const meters = [
    sampleMeter('calls', 'call'),
    { ...sampleMeter('pages', 'page'), version: 3 },
    { ...sampleMeter('stored', 'GB'), aggregation: 'latest' as const, timeWeighted: true as const },
  ];
  const charges = meters.map(({ key }) => sampleCharge(key, { model: 'per_unit', unitPrice: '1' }));
  const planVersion = samplePlan({ baseFee: '0', charges });
  const { lines } = contentOf(sampleInputs({ meters, spans: [sampleSpan({ planVersion, usage: [] })] }));
  expect(lines.map(({ unit, provenance: { meter, meterVersion } }) => [meter, meterVersion, unit])).toEqual([
    ['calls', 1, 'call'],
    ['pages', 3, 'page'],
    ['stored', 1, 'GB-second'],
  ]);
});
