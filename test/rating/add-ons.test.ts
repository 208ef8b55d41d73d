import { describe, expect, test } from 'vitest';

import type { InvoiceLine } from '../../src/domain/invoice.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';
import { spendOfCharges } from '../../src/rating/charge-spend.ts';
import type { RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { projectInputs } from '../../src/rating/project-inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import {
  sampleCharge,
  sampleInputs,
  sampleLate,
  sampleLateUsage,
  sampleMeter,
  samplePlan,
  sampleUsage,
} from './sample-inputs.ts';

const [START, MIDDLE, END] = ['2023-11-01T00:00:00Z', '2023-11-16T00:00:00Z', '2023-12-01T00:00:00Z'];

const CALLS = sampleCharge('calls', { model: 'per_unit', unitPrice: '1' });
const BANDED = sampleCharge('support', {
  model: 'graduated',
  bands: [
    { upTo: '10', unitPrice: '2', flatFee: '0' },
    { upTo: null, unitPrice: '1', flatFee: '0' },
  ],
  flatAtZero: false,
});

const PLAN = samplePlan({ key: 'small', name: 'Small', baseFee: '10', charges: [CALLS] });

function addOn(changes: Partial<PlanVersion> = {}): PlanVersion {
  return samplePlan({ key: 'help', name: 'Help', addOn: true, baseFee: '30', charges: [BANDED], ...changes });
}

function span(from: string, to: string, planVersion: PlanVersion, quantity = '0'): RatedSpan {
  const charge = planVersion.charges[0]?.key ?? '';
  return { from, to, planVersion, usage: quantity === '0' ? [] : [sampleUsage(charge, quantity)] };
}

function inputs(addOns: readonly RatedSpan[], changes: Partial<RatingInputs> = {}): RatingInputs {
  return sampleInputs({
    tenant: { ...sampleInputs().tenant, taxRates: [] },
    meters: [sampleMeter('calls', 'call'), sampleMeter('support', 'hour')],
    spans: [span(START, END, PLAN, '100')],
    addOns,
    ...changes,
  });
}

function linesOf(rated: RatingInputs): readonly InvoiceLine[] {
  const result = rateInvoice(rated);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines;
}

const shown = (lines: readonly InvoiceLine[]) => lines.map(({ key, amountMinor }) => `${key} ${amountMinor}`);

describe('an add-on beside the plan', () => {
  test('pays its part of the base fee for the time that it is held, and its own usage, under its own keys', () => {
    const lines = linesOf(inputs([span(MIDDLE, END, addOn(), '12')]));
    expect(shown(lines)).toEqual([
      'base 1000',
      'charge:calls 10000',
      'addon:help:base 1500',
      'addon:help:charge:support 2200',
    ]);
    expect(lines[3]?.provenance).toMatchObject({ planKey: 'help', planVersion: 1, from: MIDDLE, to: END });
  });

  test('leaves the lines of the plan as they are without it', () => {
    const without = linesOf(inputs([]));
    expect(linesOf(inputs([span(START, END, addOn(), '12')])).slice(0, without.length)).toEqual(without);
  });

  test('may be held several at a time, each told apart by its key', () => {
    const other = addOn({
      key: 'more',
      baseFee: '5',
      charges: [sampleCharge('calls', { model: 'per_unit', unitPrice: '3' })],
    });
    const lines = linesOf(inputs([span(START, END, addOn()), span(START, END, other, '2')]));
    expect(shown(lines).slice(2)).toEqual([
      'addon:help:base 3000',
      'addon:help:charge:support 0',
      'addon:more:base 500',
      'addon:more:charge:calls 600',
    ]);
  });

  test('changes its version by itself: bands carry over from its own spans only', () => {
    const carrying = addOn({ version: 2, onChange: 'carry_over' });
    const lines = linesOf(inputs([span(START, MIDDLE, addOn(), '8'), span(MIDDLE, END, carrying, '8')]));
    expect(shown(lines).slice(2)).toEqual([
      `addon:help:base:${START} 1500`,
      `addon:help:base:${MIDDLE} 1500`,
      `addon:help:charge:support:${START} 1600`,
      // 16 in all are 20 + 6, less the 16 of before.
      `addon:help:charge:support:${MIDDLE} 1000`,
    ]);
  });

  test('is not covered by what the plan bounds as a whole, and is covered by coupons', () => {
    const plan = { ...PLAN, maximum: '60', boundsCover: 'charges_and_base_fee' } as const;
    const coupons = [
      { id: 'cpn_a', description: 'Half off help', discount: { percent: '50' }, charge: 'support' },
      { id: 'cpn_b', description: 'A tenth off', discount: { percent: '10' } },
    ];
    const lines = linesOf(
      inputs([span(START, END, addOn(), '10')], { spans: [span(START, END, plan, '100')], coupons }),
    );
    expect(shown(lines)).toEqual([
      'base 1000',
      'charge:calls 10000',
      'plan:maximum -5000',
      'addon:help:base 3000',
      'addon:help:charge:support 2000',
      'coupon:cpn_a -1000',
      'coupon:cpn_b -1000',
    ]);
  });

  test('is due nothing in a trial', () => {
    const lines = linesOf(inputs([{ ...span(START, END, addOn(), '12'), trial: true }]));
    expect(shown(lines).slice(2)).toEqual(['addon:help:charge:support 0']);
  });

  test('is billed late usage as the difference it makes, apart from the spans of the plan', () => {
    const october = '2023-10-01T00:00:00Z';
    const late = [
      sampleLate({ planVersion: PLAN, usage: [sampleLateUsage('calls', '1', '2')] }),
      sampleLate({
        planVersion: addOn(),
        span: { from: october, to: '2023-10-16T00:00:00Z' },
        usage: [sampleLateUsage('support', '9', '11')],
      }),
      sampleLate({
        planVersion: addOn({ version: 2, onChange: 'carry_over' }),
        span: { from: '2023-10-16T00:00:00Z', to: START },
        usage: [sampleLateUsage('support', '1', '1')],
      }),
    ];
    const lines = linesOf(inputs([], { late })).filter(({ kind }) => kind === 'late_usage');
    expect(shown(lines)).toEqual([
      `late:${october}:calls 100`,
      `addon:help:late:${october}:support:${october} 300`,
      // Its one unit was the tenth, at 2, and is the twelfth now, at 1.
      `addon:help:late:${october}:support:2023-10-16T00:00:00Z -100`,
    ]);
  });

  test('takes no band from late usage of the plan, also where the plan had a charge of the same key', () => {
    const banded = { ...PLAN, charges: [BANDED] };
    const late = [
      sampleLate({ planVersion: banded, usage: [sampleLateUsage('support', '10', '12')] }),
      sampleLate({ planVersion: addOn({ onChange: 'carry_over' }), usage: [sampleLateUsage('support', '4', '5')] }),
    ];
    const lines = linesOf(inputs([], { late })).filter(({ kind }) => kind === 'late_usage');
    expect(lines.map(({ amountMinor }) => amountMinor)).toEqual(['200', '200']);
  });

  test('is told in spend as its own, also where another charge has its key', () => {
    const same = addOn({ key: 'more', charges: [sampleCharge('calls', { model: 'per_unit', unitPrice: '3' })] });
    const rated = inputs([span(START, END, same, '2')]);
    const result = rateInvoice(rated);
    if ('problems' in result) throw new Error(result.problems.join('; '));
    expect(spendOfCharges(rated, result.content).map(({ amountMinor }) => amountMinor)).toEqual(['10000', '600']);
  });

  test('is told in spend as its own, and grows in a projection from its own beginning', () => {
    const rated = inputs([span(MIDDLE, END, addOn(), '3')]);
    const at = '2023-11-21T00:00:00Z';
    const projected = projectInputs(rated, at);
    // Five of fifteen days are over.
    expect(projected?.addOns?.[0]?.usage).toMatchObject([{ charge: 'support', quantity: '9' }]);
    const result = rateInvoice(rated);
    if ('problems' in result) throw new Error(result.problems.join('; '));
    expect(spendOfCharges(rated, result.content)).toMatchObject([
      { charge: 'calls', amountMinor: '10000' },
      { charge: 'support', addOn: 'help', used: '3', amountMinor: '600', from: MIDDLE },
    ]);
  });

  test('that has just begun is projected as it is', () => {
    const rated = inputs([span(MIDDLE, END, addOn(), '3')]);
    expect(projectInputs(rated, MIDDLE)?.addOns).toEqual(rated.addOns);
  });
});

function problemsOf(rated: RatingInputs): readonly string[] {
  const result = rateInvoice(rated);
  return 'problems' in result ? result.problems : [];
}

describe('inputs with add-ons are not billed', () => {
  test.each([
    ['that overlap', inputs([span(START, END, addOn()), span(MIDDLE, END, addOn({ version: 2 }))]), 'overlaps another'],
    ['behind the period', inputs([span(MIDDLE, '2023-12-02T00:00:00Z', addOn())]), 'outside of the period'],
    [
      'given as the plan',
      inputs([], { spans: [span(START, END, addOn())] }),
      "is an add-on and is given as the tenant's plan",
    ],
    ['that are none', inputs([span(START, END, PLAN)]), 'is no add-on and is given as one'],
    ['in another currency', inputs([span(START, END, addOn({ currency: 'EUR' }))]), 'priced in EUR'],
    [
      'with usage of no charge of theirs',
      inputs([{ ...span(START, END, addOn()), usage: [sampleUsage('calls', '1')] }]),
      'has no such charge',
    ],
    [
      'with a quantity outside of their span',
      inputs([{ ...span(MIDDLE, END, addOn()), quantities: [{ key: 'seats', from: START, to: END, quantity: '1' }] }]),
      'outside of its span',
    ],
  ])('%s', (_, rated, reason) => {
    expect(problemsOf(rated).join('\n')).toContain(reason);
  });

  test('with late usage of one span twice', () => {
    const late = [sampleLate({ planVersion: addOn() }), sampleLate({ planVersion: addOn() })];
    expect(problemsOf(inputs([], { late }))).toContainEqual(expect.stringContaining('is given twice'));
  });
});

const held = (from: string, to: string, quantity: string) => ({ key: 'seats', from, to, quantity });

describe('a price of its own within the period', () => {
  const own = { ...PLAN, charges: [{ ...CALLS, price: { model: 'per_unit', unitPrice: '0.5' } as const }] };
  const cut = '2023-11-11T00:00:00Z';
  const seats = {
    key: 'seats',
    description: 'Seats',
    unit: 'seat',
    price: { model: 'per_unit', unitPrice: '10' },
  } as const;

  test('says since when on the lines of its charge, and leaves fees and seats in one piece', () => {
    const seated = { ...PLAN, fixedQuantities: [seats] };
    const spans = [
      { ...span(START, cut, seated, '10'), quantities: [held(START, cut, '3')] },
      {
        ...span(cut, END, { ...seated, charges: own.charges }, '10'),
        privatePrices: [{ charge: 'calls', from: cut }],
        quantities: [held(cut, MIDDLE, '3'), held(MIDDLE, END, '4')],
      },
    ];
    const lines = linesOf(inputs([], { spans }));
    // In two parts the fee of 10 would be 3.33 and 6.67, and seats would be bought anew.
    expect(shown(lines)).toEqual([
      'base 1000',
      'quantity:seats 3000',
      `quantity:seats:change:${MIDDLE} 500`,
      `charge:calls:${START} 1000`,
      `charge:calls:${cut} 500`,
    ]);
    expect(lines.map(({ provenance }) => provenance.privatePriceFrom)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      cut,
    ]);
  });

  test('divides fees where the plan or the trial does', () => {
    const prices = { privatePrices: [{ charge: 'calls', from: cut }] };
    const trial = { ...span(START, cut, own), ...prices, trial: true as const };
    expect(shown(linesOf(inputs([], { spans: [trial, { ...span(cut, END, own), ...prices }] })))[0]).toBe(
      `base:${cut} 667`,
    );
    const other = { ...own, version: 2 };
    const changed = [
      span(START, cut, PLAN),
      { ...span(cut, MIDDLE, own), ...prices },
      { ...span(MIDDLE, END, other), ...prices },
    ];
    expect(shown(linesOf(inputs([], { spans: changed }))).slice(0, 2)).toEqual([
      `base:${START} 500`,
      `base:${MIDDLE} 500`,
    ]);
  });
});
