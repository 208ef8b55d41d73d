import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { InvoiceLine } from '../../src/domain/invoice.ts';
import type { Charge, FixedQuantityPrice, PlanVersion, PriceModel } from '../../src/domain/plan.ts';
import type { HeldQuantity, LateUsage, RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
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

const START = '2023-11-01T00:00:00Z';
const MIDDLE = '2023-11-16T00:00:00Z';
const END = '2023-12-01T00:00:00Z';

const GRADUATED: FixedQuantityPrice & PriceModel = {
  model: 'graduated',
  bands: [
    { upTo: '100', unitPrice: '1', flatFee: '0' },
    { upTo: null, unitPrice: '0.5', flatFee: '0' },
  ],
  flatAtZero: false,
};

function plan(key: string, changes: Partial<PlanVersion> = {}): PlanVersion {
  return samplePlan({ key, name: key, baseFee: '0', charges: [], ...changes });
}

function calls(changes: Partial<Charge> = {}): Charge {
  return { ...sampleCharge('calls', GRADUATED), ...changes };
}

function span(from: string, to: string, planVersion: PlanVersion, quantity: string): RatedSpan {
  return { from, to, planVersion, usage: quantity === '0' ? [] : [sampleUsage('calls', quantity)] };
}

function inputs(spans: readonly RatedSpan[], changes: Partial<RatingInputs> = {}): RatingInputs {
  const sample = sampleInputs();
  const tenant = { ...sample.tenant, taxRates: [] };
  return sampleInputs({ tenant, meters: [sampleMeter('calls', 'call')], spans, ...changes });
}

function linesOf(rated: RatingInputs): readonly InvoiceLine[] {
  const result = rateInvoice(rated);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content.lines;
}

function total(spans: readonly RatedSpan[]): bigint {
  return linesOf(inputs(spans)).reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
}

function bounded(bounds: Partial<Charge>): readonly Charge[] {
  return [calls({ price: { model: 'per_unit', unitPrice: '1' }, ...bounds })];
}

function seats(price: FixedQuantityPrice): PlanVersion {
  return plan('a', { fixedQuantities: [{ key: 'seats', description: 'Seats', unit: 'seat', price }] });
}

function held(from: string, to: string, quantity: string): HeldQuantity {
  return { key: 'seats', from, to, quantity };
}

const shown = (lines: readonly InvoiceLine[]) => lines.map(({ key, amountMinor }) => `${key} ${amountMinor}`);

describe('a plan that changes within its period', () => {
  test('shows the base fees and the usage of both, each for its own time', () => {
    const spans = [
      span(START, MIDDLE, plan('small', { baseFee: '10', charges: [calls()] }), '120'),
      span(MIDDLE, END, plan('large', { baseFee: '40', charges: [calls()] }), '30'),
    ];
    expect(shown(linesOf(inputs(spans)))).toEqual([
      `base:${START} 500`,
      `base:${MIDDLE} 2000`,
      `charge:calls:${START} 11000`,
      `charge:calls:${MIDDLE} 3000`,
    ]);
  });

  test('prorates to the second, and both fees together never pass the dearer one', () => {
    const [start, end] = [requireInstant(START), requireInstant(END)];
    fc.assert(
      fc.property(
        fc.integer({ min: start + 1, max: end - 1 }),
        fc.bigInt({ min: 1n, max: 1_000_000n }),
        fc.bigInt({ min: 1n, max: 1_000_000n }),
        (at, first, second) => {
          const change = formatInstant(at);
          const fees = [first, second].map((cents) => `${cents / 100n}.${(cents % 100n).toString().padStart(2, '0')}`);
          const lines = linesOf(
            inputs([
              span(START, change, plan('a', { baseFee: fees[0] ?? '0' }), '0'),
              span(change, END, plan('b', { baseFee: fees[1] ?? '0' }), '0'),
            ]),
          );
          const billed = lines.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
          const [low, high] = first < second ? [first, second] : [second, first];
          // Each of the two lines is rounded by itself.
          expect(billed >= low - 1n && billed <= high + 1n).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('begins bands and included units again, unless the new plan carries them over', () => {
    const first = plan('a', { charges: [calls({ includedUnits: '50' })] });
    const after = (onChange?: 'carry_over') =>
      plan('b', { charges: [calls({ includedUnits: '50' })], ...(onChange === undefined ? {} : { onChange }) });
    const amounts = (second: PlanVersion) =>
      linesOf(inputs([span(START, MIDDLE, first, '120'), span(MIDDLE, END, second, '100')])).map((l) => l.amountMinor);
    expect(amounts(after())).toEqual(['7000', '5000']);
    // 220 in all, 170 billed: 100 at 1 and 70 at 0.5 are 135, less the 70 of before.
    expect(amounts(after('carry_over'))).toEqual(['7000', '6500']);
  });

  test.each(['before_band', 'after_band'] as const)(
    'a change to the same prices that carries over costs what no change costs (%s)',
    (includedUnitsTaken) => {
      fc.assert(
        fc.property(fc.nat(400), fc.nat(400), fc.nat(200), (before, after, included) => {
          const charges = [calls({ includedUnits: String(included), includedUnitsTaken })];
          const split = total([
            span(START, MIDDLE, plan('a', { charges }), String(before)),
            span(MIDDLE, END, plan('b', { charges, onChange: 'carry_over' }), String(after)),
          ]);
          expect(split).toBe(total([span(START, END, plan('a', { charges }), String(before + after))]));
        }),
        { numRuns: 1_000 },
      );
    },
  );

  test('asks of each charge the part of its minimum and maximum that is for its time', () => {
    const lines = linesOf(
      inputs([
        span(START, MIDDLE, plan('a', { charges: bounded({ minimum: '20' }) }), '4'),
        span(MIDDLE, END, plan('b', { charges: bounded({ maximum: '20' }) }), '14'),
      ]),
    );
    expect(shown(lines)).toEqual([
      `charge:calls:${START} 400`,
      `charge:calls:${START}:minimum 600`,
      `charge:calls:${MIDDLE} 1400`,
      `charge:calls:${MIDDLE}:maximum -400`,
    ]);
  });

  test('bills late usage of each of its spans by itself, where it stands in its period', () => {
    const [october, change] = ['2023-10-01T00:00:00Z', '2023-10-16T00:00:00Z'];
    const charges = [calls()];
    const late = [
      sampleLate({
        planVersion: plan('a', { charges }),
        span: { from: october, to: change },
        usage: [sampleLateUsage('calls', '90', '100')],
      }),
      sampleLate({
        planVersion: plan('b', { charges, onChange: 'carry_over' }),
        span: { from: change, to: START },
        usage: [sampleLateUsage('calls', '10', '20')],
      }),
    ];
    const lines = linesOf(inputs([span(START, END, plan('b'), '0')], { late }));
    // The second span was billed 10 × 1 behind 90; with 100 before them its 20 units cost 0.5 each, so it makes no difference.
    expect(shown(lines)).toEqual([`late:${october}:calls:${october} 1000`, `late:${october}:calls:${change} 0`]);
  });
});

test('what is carried over is usage of the same meter: a charge that took its key from another begins at zero', () => {
  const requests = { ...calls(), meter: 'requests' };
  const spans = [
    span(START, MIDDLE, plan('a', { charges: [requests] }), '90'),
    span(MIDDLE, END, plan('b', { charges: [calls()], onChange: 'carry_over' }), '20'),
  ];
  const meters = [sampleMeter('calls', 'call'), sampleMeter('requests')];
  const alone = linesOf(inputs([span(START, END, plan('b', { charges: [calls()] }), '20')]));
  expect(linesOf(inputs(spans, { meters })).at(-1)?.amountMinor).toBe(alone.at(-1)?.amountMinor);
});

describe('a trial', () => {
  test('shows its usage and charges nothing, and fees begin when it is over', () => {
    const paid = plan('a', { baseFee: '30', minimum: '10', charges: [calls({ minimum: '5' })] });
    const trial = { ...span(START, MIDDLE, paid, '80'), trial: true } as const;
    expect(shown(linesOf(inputs([trial, span(MIDDLE, END, paid, '3')])))).toEqual([
      `base:${MIDDLE} 1500`,
      `charge:calls:${START} 0`,
      `charge:calls:${MIDDLE} 300`,
      'plan:minimum 200',
    ]);
    expect(shown(linesOf(inputs([{ ...trial, to: END }])))).toEqual(['charge:calls 0']);
  });

  test('fills no band of what comes after it, also where the plan carries over', () => {
    const carrying = plan('a', { onChange: 'carry_over', charges: [calls()] });
    const trial = { ...span(START, MIDDLE, carrying, '500'), trial: true } as const;
    expect(shown(linesOf(inputs([trial, span(MIDDLE, END, carrying, '10')])))).toEqual([
      `charge:calls:${START} 0`,
      `charge:calls:${MIDDLE} 1000`,
    ]);
  });
});

describe('a fixed quantity', () => {
  test('is charged for its time, and each change is a line that is rounded by itself', () => {
    const quantities = [
      held(START, MIDDLE, '5'),
      held(MIDDLE, '2023-11-21T00:00:00Z', '7'),
      held('2023-11-21T00:00:00Z', END, '4'),
    ];
    const only = {
      from: START,
      to: END,
      planVersion: seats({ model: 'per_unit', unitPrice: '29' }),
      quantities,
      usage: [],
    };
    const lines = linesOf(inputs([only]));
    // 5 × 29; 2 more for 15 of 30 days; 3 fewer for 10 of 30 days.
    expect(lines.map(({ quantity, amountMinor, description }) => [description, quantity, amountMinor])).toEqual([
      ['Seats', '5', '14500'],
      [`Seats, more from ${MIDDLE}`, '2', '2900'],
      ['Seats, fewer from 2023-11-21T00:00:00Z', '-3', '-2900'],
    ]);
  });

  test('moves through bands with its whole number, and is nothing where none is held', () => {
    const quantities = [held(MIDDLE, END, '120')];
    const only = { from: START, to: END, planVersion: seats(GRADUATED), quantities, usage: [] };
    expect(linesOf(inputs([only])).map(({ key, amountMinor }) => [key, amountMinor])).toEqual([
      [`quantity:seats:change:${MIDDLE}`, '5500'],
    ]);
    expect(linesOf(inputs([{ ...only, quantities: [] }]))).toEqual([]);
  });

  test('that cannot be read, or is held twice at once, keeps the bill from being made', () => {
    const quantities = [held(START, END, 'many'), held(MIDDLE, END, '2')];
    const planVersion = seats({ model: 'per_unit', unitPrice: '29' });
    const result = rateInvoice(inputs([{ from: START, to: END, planVersion, quantities, usage: [] }]));
    expect(result).toEqual({
      problems: [
        'the quantity seats is no plain decimal: "many"',
        `the quantity seats from ${MIDDLE} to ${END} overlaps another or lies outside of its span`,
      ],
    });
  });

  test('changes at any instants cost what was held costs by the second, but for the rounding of each line', () => {
    const [start, end] = [requireInstant(START), requireInstant(END)];
    const changes = fc.array(fc.tuple(fc.integer({ min: start + 1, max: end - 1 }), fc.nat(50)), { maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat(50), (made, first) => {
        const sorted = new Map<number, number>([[start, first], ...made.toSorted((a, b) => a[0] - b[0])]);
        const instants = [...sorted.keys(), end];
        const quantities = [...sorted.values()].map((quantity, index) =>
          held(formatInstant(instants[index] ?? 0), formatInstant(instants[index + 1] ?? 0), String(quantity)),
        );
        const only = {
          from: START,
          to: END,
          planVersion: seats({ model: 'per_unit', unitPrice: '29' }),
          quantities,
          usage: [],
        };
        const lines = linesOf(inputs([only]));
        const billed = lines.reduce((sum, { amountMinor }) => sum + Number(amountMinor), 0);
        const exact = [...sorted.values()].reduce((sum, quantity, index) => {
          return sum + (quantity * 2_900 * ((instants[index + 1] ?? 0) - (instants[index] ?? 0))) / (end - start);
        }, 0);
        expect(Math.abs(billed - exact)).toBeLessThanOrEqual(lines.length * 0.5 + 1e-6);
        expect(billed).toBeGreaterThanOrEqual(-lines.length);
      }),
      { numRuns: 500 },
    );
  });
});

/** Late usage of a part of a sealed period under a plan that carries over: nothing before, and then a quantity. */
function lateOf(from: string, to: string, quantity: string, changes: Partial<LateUsage>): LateUsage {
  const planVersion = plan('a', { charges: [calls()], onChange: 'carry_over' });
  const usage = [sampleLateUsage('calls', '0', quantity)];
  return sampleLate({ usagePeriodStart: from, usagePeriodEnd: to, planVersion, usage, ...changes });
}

const lateAmounts = (late: readonly LateUsage[]): readonly string[] =>
  linesOf(inputs([span(START, END, plan('b'), '0')], { late }))
    .filter(({ kind }) => kind === 'late_usage')
    .map(({ amountMinor }) => amountMinor);

describe('bands of late usage begin at zero', () => {
  const [first, from, change] = ['2023-09-01T00:00:00Z', '2023-10-01T00:00:00Z', '2023-10-16T00:00:00Z'] as const;

  test('behind a trial: what was free fills none', () => {
    const inTrial = lateOf(from, START, '100', { span: { from, to: change }, trial: true });
    const behind = lateOf(from, START, '10', { span: { from: change, to: START } });
    expect(lateAmounts([inTrial, behind])).toEqual(['0', '1000']);
  });

  test('in each period', () => {
    expect(lateAmounts([lateOf(first, from, '100', {}), lateOf(from, START, '10', {})])).toEqual(['10000', '1000']);
  });
});

test('events that are counted carry over as sums do, peaks do not', () => {
  const charges = [sampleCharge('pages', GRADUATED), calls()];
  const spans = [
    span(START, MIDDLE, plan('a', { charges }), '100'),
    span(MIDDLE, END, plan('b', { charges, onChange: 'carry_over' }), '10'),
  ];
  const billed = (['count', 'max'] as const).map((aggregation) => {
    const meters = [{ ...sampleMeter('calls', 'call'), aggregation }, sampleMeter('pages')];
    const ofCalls = linesOf(inputs(spans, { meters })).filter(({ provenance }) => provenance.meter === 'calls');
    return ofCalls.map(({ amountMinor }) => amountMinor);
  });
  expect(billed).toEqual([
    ['10000', '500'],
    ['10000', '1000'],
  ]);
});

test('a last period that is cut pays its part of the fee', () => {
  const cut = { start: START, end: MIDDLE };
  const spans = [span(START, MIDDLE, plan('a', { baseFee: '10' }), '0')];
  expect(shown(linesOf(inputs(spans, { period: cut })))).toEqual(['base 500']);
});

/** A plan, and a version of it that holds from the middle of the period on. */
const atMiddle = (planVersion: PlanVersion, rest: Partial<RatedSpan> = {}): RatedSpan[] => [
  { from: START, to: MIDDLE, planVersion, usage: [], ...rest },
  { from: MIDDLE, to: END, planVersion: { ...planVersion, version: 2 }, usage: [], ...rest },
];

describe('fees of bands that are for time', () => {
  test('of a fixed quantity are due once for one time, however many plans it had', () => {
    const bands = [{ upTo: null, unitPrice: '0', flatFee: '50' }];
    for (const model of ['graduated', 'volume'] as const) {
      const planVersion = seats({ model, bands, flatAtZero: false });
      const [first, second] = atMiddle(planVersion);
      if (first === undefined || second === undefined) throw new Error('there are two spans');
      const before = { ...first, quantities: [held(START, MIDDLE, '10')] };
      const after = { ...second, quantities: [held(MIDDLE, END, '10')] };
      expect(total([before, after])).toBe(5000n);
      const whole = { ...first, to: END, quantities: [held(MIDDLE, END, '10')] };
      expect(total([whole])).toBe(5000n);
    }
  });

  test('of a capacity are due for the time of each span', () => {
    const bands = [
      { upTo: '100', flatFee: '0' },
      { upTo: null, flatFee: '249' },
    ];
    const charges = [calls({ price: { model: 'capacity', bands } })];
    expect(total(atMiddle(plan('a', { charges }), { usage: [sampleUsage('calls', '500')] }))).toBe(24900n);
  });
});

test('a conversion rounds what is carried over together with what comes after it', () => {
  const conversion = { divide: '1000', rounding: 'up' } as const;
  const charges = [calls({ price: { model: 'per_unit', unitPrice: '1' }, conversion, includedUnits: '1' })];
  const before = plan('a', { charges });
  const after = plan('b', { charges, onChange: 'carry_over' });
  expect(total([span(START, MIDDLE, before, '1500'), span(MIDDLE, END, after, '400')])).toBe(100n);
  expect(total([span(START, MIDDLE, before, '1500'), span(MIDDLE, END, after, '600')])).toBe(200n);
});
