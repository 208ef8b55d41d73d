import { expect, test } from 'vitest';

import type { Charge } from '../../src/domain/plan.ts';
import type { UsageFigures } from '../../src/rating/inputs.ts';
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

const PER_UNIT = { model: 'per_unit', unitPrice: '1' } as const;
const GROUPED: Charge = { ...sampleCharge('requests', PER_UNIT), groupBy: 'region' };
const HOURLY = sampleCharge('requests', { model: 'bucketed', bucket: 'hour', price: PER_UNIT });
const EVENTS = sampleCharge('requests', { model: 'percentage', percent: '1', fixedFee: '0' });
const part = (quantity: string, bucket: string | null = null) => ({ values: {}, bucket, quantity, eventCount: '1' });

function problemsOf(charge: Charge, figures: UsageFigures, aggregation: 'sum' | 'max' = 'sum'): readonly string[] {
  const planVersion = samplePlan({ charges: [charge] });
  const meters = [{ ...sampleMeter('requests'), dimensions: ['region'], aggregation }];
  const usage = [{ ...sampleUsage('requests', '0'), ...figures }];
  const result = rateInvoice(sampleInputs({ meters, spans: [sampleSpan({ planVersion, usage })] }));
  const late = sampleLate({
    planVersion,
    usage: [{ charge: 'requests', before: { quantity: '0' }, after: figures, eventCount: '1', ledgerRange: null }],
  });
  const ofLate = rateInvoice(sampleInputs({ meters, spans: [sampleSpan({ planVersion, usage: [] })], late: [late] }));
  const problems = 'problems' in result ? result.problems : [];
  // Late usage is looked at in the same way.
  expect('problems' in ofLate ? ofLate.problems : []).toEqual(problems);
  return problems;
}

test.each<[string, Charge, UsageFigures, string[]]>([
  ['groups that are not given', GROUPED, { quantity: '3' }, ['the usage of requests is not given in parts by region']],
  ['hours that are not given', HOURLY, { quantity: '3' }, ['the usage of requests is not given in parts by hour']],
  [
    'parts without their hour',
    HOURLY,
    { quantity: '3', parts: [part('3')] },
    ['the usage of requests is not given in parts by hour'],
  ],
  ['events that are not given', EVENTS, { quantity: '3' }, ['the usage of requests is not given by single events']],
  [
    'groups that lose something',
    GROUPED,
    { quantity: '3', parts: [part('1'), part('1.5')] },
    ['the parts of the usage of requests come to 2.5, and not to its quantity of 3'],
  ],
  [
    'events that lose something',
    EVENTS,
    { quantity: '7', amounts: [['2', 3]] },
    ['the parts of the usage of requests come to 6, and not to its quantity of 7'],
  ],
  [
    'an unreadable part',
    GROUPED,
    { quantity: '1', parts: [part('one')] },
    ['the usage of requests is no plain decimal: "one"'],
  ],
  [
    'half an event',
    EVENTS,
    { quantity: '1', amounts: [['2', 0.5]] },
    ['the usage of requests has a value 0.5 times: a whole number above 0 is needed'],
  ],
  [
    'an event and a half',
    EVENTS,
    { quantity: '3', amounts: [['2', 1.5]] },
    ['the usage of requests has a value 1.5 times: a whole number above 0 is needed'],
  ],
  [
    'a value that no event has',
    EVENTS,
    { quantity: '0', amounts: [['2', 0]] },
    ['the usage of requests has a value 0 times: a whole number above 0 is needed'],
  ],
  ['nothing, without parts', GROUPED, { quantity: '0' }, []],
  ['parts that come to the quantity', GROUPED, { quantity: '2.5', parts: [part('1'), part('1.5')] }, []],
  ['events that come to the quantity', EVENTS, { quantity: '6', amounts: [['2', 3]] }, []],
])('holds the bill where it would be priced wrongly: %s', (_what, charge, figures, problems) => {
  expect(problemsOf(charge, figures)).toEqual(problems);
});

test('the parts of a peak come to the highest', () => {
  expect(problemsOf(HOURLY, { quantity: '0', parts: [] }, 'max')).toEqual([]);
  const hours = [part('5', '2023-11-01T00:00:00Z'), part('9', '2023-11-01T01:00:00Z')];
  expect(problemsOf(HOURLY, { quantity: '9', parts: hours }, 'max')).toEqual([]);
  expect(problemsOf(HOURLY, { quantity: '14', parts: hours }, 'max')).toEqual([
    'the parts of the usage of requests come to 9, and not to its quantity of 14',
  ]);
});

test('usage of a charge that the plan does not have holds the bill', () => {
  const span = sampleSpan({ planVersion: samplePlan({ charges: [] }), usage: [sampleUsage('requests', '1')] });
  expect(rateInvoice(sampleInputs({ spans: [span] }))).toEqual({
    problems: ['there is usage of requests, but plan trace version 1 has no such charge'],
  });
});
