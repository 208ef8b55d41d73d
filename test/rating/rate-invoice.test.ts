import { describe, expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { stepsSentence } from '../../src/domain/steps-sentence.ts';
import type { LateUsage, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import {
  sampleCharge,
  sampleInputs,
  sampleLate,
  sampleLateUsage,
  sampleMeter,
  samplePlan,
  sampleSpan,
  sampleUsage,
} from './sample-inputs.ts';

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

function problemsOf(inputs: RatingInputs): readonly string[] {
  const result = rateInvoice(inputs);
  return 'problems' in result ? result.problems : [];
}

function amounts(content: InvoiceContent): Record<string, string> {
  return Object.fromEntries(content.lines.map((line) => [line.key, line.amountMinor]));
}

describe('the published trace', () => {
  const content = contentOf(sampleInputs());

  test('comes to the published figures', () => {
    expect(amounts(content)).toEqual({
      base: '2000',
      'charge:input_tokens': '5118',
      'charge:output_tokens': '369',
      'charge:requests': '450',
    });
    expect(content).toMatchObject({ subtotalMinor: '7937', taxMinor: '655', totalMinor: '8592' });
  });

  test('explains every line in a sentence', () => {
    expect(content.lines.map(({ steps }) => stepsSentence(steps))).toEqual([
      'base fee 20',
      '1,000,000 × 0 = 0, then 17,059,974 × 0.000003 = 51.179922, rounded to 51.18',
      '245,896 × 0.000015 = 3.68844, rounded to 3.69',
      '8,819 in packages of 1,000 = 9 packages, then 9 × 0.5 = 4.5',
    ]);
  });

  test('names what every line came from', () => {
    expect(content.lines[1]?.provenance).toEqual({
      charge: 'input_tokens',
      planKey: 'trace',
      planVersion: 1,
      meter: 'input_tokens',
      meterVersion: 1,
      from: '2023-11-01T00:00:00Z',
      to: '2023-12-01T00:00:00Z',
      usagePeriodStart: '2023-11-01T00:00:00Z',
      accountingPeriodStart: '2023-11-01T00:00:00Z',
      eventCount: '8819',
      ledgerRange: { shard: 0, first: '1-1', last: '1-8819' },
    });
  });

  test('gives the same bytes when the recorded inputs are rated again', () => {
    const recorded = JSON.parse(canonicalJson(sampleInputs())) as RatingInputs;
    expect(canonicalJson(contentOf(recorded))).toBe(canonicalJson(content));
  });
});

describe('usage of the period', () => {
  test('a charge without usage is a line of zero, so that the bill shows its price', () => {
    const content = contentOf(sampleInputs({ spans: [sampleSpan({ usage: [] })] }));
    expect(amounts(content)).toMatchObject({ 'charge:requests': '0', 'charge:input_tokens': '0' });
    expect(content.totalMinor).toBe('2165');
  });

  test('a plan without base fee has no line for it', () => {
    expect(
      Object.keys(
        amounts(contentOf(sampleInputs({ spans: [sampleSpan({ planVersion: samplePlan({ baseFee: '0.00' }) })] }))),
      ),
    ).not.toContain('base');
  });

  test('a currency without minor digits rounds to whole units', () => {
    const planVersion = samplePlan({ currency: 'JPY', baseFee: '20.5' });
    const tenant = { ...sampleInputs().tenant, currency: 'JPY' };
    const content = contentOf(sampleInputs({ tenant, spans: [sampleSpan({ planVersion, usage: [] })] }));
    expect(content).toMatchObject({ subtotalMinor: '21', taxMinor: '2', totalMinor: '23' });
  });

  test('several taxes share one base and are rounded one by one', () => {
    const taxRates = ['5', '5', '5'].map((percent, index) => ({ name: `tax ${index}`, percent }));
    const planVersion = samplePlan({ baseFee: '0.30', charges: [] });
    const content = contentOf(
      sampleInputs({ spans: [sampleSpan({ planVersion, usage: [] })], tenant: { ...sampleInputs().tenant, taxRates } }),
    );
    // 0.015 each: 0.045 if added before rounding, 0.02 each if not.
    expect(content.taxLines).toEqual([
      { name: 'tax 0', percent: '5', taxableMinor: '30', amountMinor: '2' },
      { name: 'tax 1', percent: '5', taxableMinor: '30', amountMinor: '2' },
      { name: 'tax 2', percent: '5', taxableMinor: '30', amountMinor: '2' },
    ]);
    expect(content).toMatchObject({ taxMinor: '6', totalMinor: '36' });
  });
});

function lateRequests(before: string, after: string): RatingInputs {
  const usage = [sampleLateUsage('requests', before, after, '7')];
  return sampleInputs({
    spans: [sampleSpan({ usage: [] })],
    late: [sampleLate({ billedInvoiceId: 'inv_old', usage })],
  });
}

describe('late usage', () => {
  test('is the difference it makes to the period it belongs to, with the way back to the old invoice', () => {
    const content = contentOf(lateRequests('1999', '2001'));
    const line = content.lines.at(-1);
    expect(line).toMatchObject({
      key: 'late:2023-10-01T00:00:00Z:requests',
      kind: 'late_usage',
      quantity: '2',
      amountMinor: '50',
      provenance: {
        usagePeriodStart: '2023-10-01T00:00:00Z',
        accountingPeriodStart: '2023-11-01T00:00:00Z',
        eventCount: '7',
        billedInvoiceId: 'inv_old',
      },
    });
    expect(stepsSentence(line?.steps ?? [])).toBe(
      'with late usage 2,001: 2,001 in packages of 1,000 = 3 packages, then 3 × 0.5 = 1.5, then billed 1,999 on inv_old: ' +
        '1,999 in packages of 1,000 = 2 packages, then 2 × 0.5 = 1, then the difference is 0.50',
    );
  });

  test('that makes no difference is on a line of nothing, with its events and why it is nothing', () => {
    const line = contentOf(lateRequests('1500', '1600')).lines.at(-1);
    expect(line).toMatchObject({
      key: 'late:2023-10-01T00:00:00Z:requests',
      kind: 'late_usage',
      quantity: '100',
      amountMinor: '0',
      exactAmount: '0',
      provenance: { eventCount: '7', billedInvoiceId: 'inv_old' },
    });
    expect(stepsSentence(line?.steps ?? [])).toBe(
      'with late usage 1,600: 1,600 in packages of 1,000 = 2 packages, then 2 × 0.5 = 1, then billed 1,500 on inv_old: ' +
        '1,500 in packages of 1,000 = 2 packages, then 2 × 0.5 = 1, then the difference is 0.00',
    );
  });

  test('in a trial costs nothing, and is on a line that says so', () => {
    const usage = [sampleLateUsage('requests', '1999', '2001', '7'), sampleLateUsage('input_tokens', '9', '9', '0')];
    const lines = contentOf(sampleInputs({ late: [sampleLate({ trial: true, usage })] })).lines.filter(
      ({ kind }) => kind === 'late_usage',
    );
    expect(lines).toMatchObject([
      { key: 'late:2023-10-01T00:00:00Z:requests', quantity: '2', amountMinor: '0', provenance: { eventCount: '7' } },
    ]);
    expect(stepsSentence(lines[0]?.steps ?? [])).toBe('in a trial, nothing is charged');
  });

  test('of charges to which nothing came late is no line where it makes no difference', () => {
    const usage = [sampleLateUsage('requests', '1500', '1600', '7'), sampleLateUsage('input_tokens', '9', '9', '0')];
    const keys = contentOf(sampleInputs({ late: [sampleLate({ usage })] })).lines.map(({ key }) => key);
    expect(keys.filter((key) => key.startsWith('late:'))).toEqual(['late:2023-10-01T00:00:00Z:requests']);
  });

  test('does not enter the bands of the open period', () => {
    const without = amounts(contentOf(sampleInputs()));
    const late = sampleLate({
      usage: [sampleLateUsage('input_tokens', '900000', '1100000', '1')],
    });
    const { 'late:2023-10-01T00:00:00Z:input_tokens': lateAmount, ...others } = amounts(
      contentOf(sampleInputs({ late: [late] })),
    );
    expect(others).toEqual(without);
    expect(lateAmount).toBe('30');
  });

  test('is priced by the plan version that governed its period', () => {
    const charge = sampleCharge('requests', { model: 'per_unit', unitPrice: '2' });
    const late = sampleLate({
      planVersion: samplePlan({ version: 7, charges: [charge] }),
      usage: [sampleLateUsage('requests', '1', '4', '3')],
    });
    const line = contentOf(sampleInputs({ late: [late] })).lines.at(-1);
    expect(line).toMatchObject({ amountMinor: '600', provenance: { planVersion: 7 } });
  });

  test('that lowers what is due gives a negative total, never a failure', () => {
    const planVersion = samplePlan({ baseFee: '0', charges: [] });
    const late = sampleLate({
      usage: [sampleLateUsage('requests', '9000', '0', '1')],
    });
    expect(contentOf(sampleInputs({ spans: [sampleSpan({ planVersion, usage: [] })], late: [late] }))).toMatchObject({
      subtotalMinor: '-450',
      taxMinor: '-37',
      totalMinor: '-487',
    });
  });
});

function lateOf(from = '', to = ''): LateUsage {
  return sampleLate({ span: { from, to } });
}

function problemsOfLate(...late: readonly LateUsage[]): readonly string[] {
  return problemsOf(sampleInputs({ late }));
}

function problemsOfSpans(...days: readonly (readonly [from: string, to: string])[]): readonly string[] {
  const spans = days.map(([from, to]) => {
    return sampleSpan({ from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z`, usage: [] });
  });
  return problemsOf(sampleInputs({ spans }));
}

describe('inputs that cannot be billed are answered, all at once', () => {
  test('a meter that is not given, another currency, unreadable usage', () => {
    const problems = problemsOf(
      sampleInputs({
        meters: [sampleMeter('requests'), sampleMeter('output_tokens')],
        spans: [
          sampleSpan({
            planVersion: samplePlan({ currency: 'EUR' }),
            usage: [sampleUsage('requests', '1e3'), sampleUsage('requests', '1')],
          }),
        ],
      }),
    );
    expect(problems).toEqual([
      'plan trace version 1, charges[0].meter: there is no meter input_tokens: define it under meters, or name another',
      'plan trace version 1 is priced in EUR, the tenant is billed in USD',
      'the usage of requests is no plain decimal: "1e3"',
      'the usage of requests is given twice',
    ]);
  });

  test('a period that is empty or unreadable', () => {
    expect(
      problemsOf(sampleInputs({ period: { start: '2023-11-01T00:00:00Z', end: '2023-11-01T00:00:00Z' } })),
    ).toEqual(['the period is empty: 2023-11-01T00:00:00Z to 2023-11-01T00:00:00Z']);
    expect(problemsOf(sampleInputs({ period: { start: 'soon', end: 'later' } }))).toHaveLength(1);
  });

  test.each([
    ['soon', '2023-12-01T00:00:00Z'],
    ['2023-11-01T00:00:00Z', 'later'],
  ])('a period of which one end is unreadable: %s to %s', (start, end) => {
    expect(problemsOf(sampleInputs({ period: { start, end } }))).toEqual([
      `the period is unreadable: ${start} to ${end}`,
    ]);
  });

  test('spans of plans that overlap, leave a gap, or do not reach the borders of the period', () => {
    const [start, middle, later, end] = ['2023-11-01', '2023-11-11', '2023-11-12', '2023-12-01'] as const;
    expect(problemsOfSpans([start, middle], [middle, end])).toEqual([]);
    expect(problemsOfSpans([start, later], [middle, end])).toEqual([
      'the span from 2023-11-11T00:00:00Z to 2023-12-01T00:00:00Z overlaps another or lies outside of the period',
    ]);
    expect(problemsOfSpans([start, middle], [later, end])).toEqual([
      'no plan is given from 2023-11-11T00:00:00Z to 2023-11-12T00:00:00Z: none of it would be billed',
    ]);
    expect(problemsOfSpans([middle, later])).toEqual([
      'no plan is given from 2023-11-01T00:00:00Z to 2023-11-11T00:00:00Z: none of it would be billed',
      'no plan is given from 2023-11-12T00:00:00Z to 2023-12-01T00:00:00Z: none of it would be billed',
    ]);
  });

  test('late usage of this period, and of spans that overlap: it would be billed twice', () => {
    const [october, middle, later, november] = ['10-01', '10-11', '10-21', '11-01'].map(
      (day) => `2023-${day}T00:00:00Z`,
    );
    expect(problemsOfLate(lateOf(middle, november), lateOf(october, middle))).toEqual([]);
    expect(problemsOfLate(lateOf(middle, november), lateOf(october, later))).toEqual([
      'the late usage of the period or span from 2023-10-11T00:00:00Z is given twice',
    ]);
    const own = { usagePeriodStart: '2023-11-01T00:00:00Z', usagePeriodEnd: '2023-12-01T00:00:00Z' };
    expect(problemsOfLate(sampleLate(own))).toEqual([
      'late usage of 2023-11-01T00:00:00Z is of no period before this one',
    ]);
  });

  test('a limit whose meter is not given does not keep a bill from being made', () => {
    const limits = [{ meter: 'seats', mode: 'hard', window: 'period', limit: '1' }] as const;
    expect(problemsOf(sampleInputs({ spans: [sampleSpan({ planVersion: samplePlan({ limits }) })] }))).toEqual([]);
  });
});
