import { describe, expect, test } from 'vitest';

import type { PercentagePrice } from '../../../src/domain/plan.ts';
import { exact } from '../../../src/rating/exact.ts';
import { percentage } from '../../../src/rating/models/percentage.ts';
import { amountOf, sentencesOf } from './priced-as.ts';
import { usageOf } from './usage-of.ts';

const PRICE: PercentagePrice = { model: 'percentage', percent: '2.99', fixedFee: '0' };

/** `60` is one event, `60*3` are three in a row. */
function price(changes: Partial<PercentagePrice>, ...events: readonly string[]) {
  const amounts = events.map((event) => {
    const [value = '0', times = '1'] = event.split('*');
    return { value: exact(value), times: Number(times) };
  });
  return percentage.price({ ...PRICE, ...changes }, usageOf('0', { amounts }), 'USD');
}

describe('percentage', () => {
  test.each<[string, Partial<PercentagePrice>, string[], string]>([
    ['of each event', {}, ['10', '80', '10000'], '301.691'],
    ['no events', { fixedFee: '2', minimumPerEvent: '1' }, [], '0'],
    ['a fee for each', { fixedFee: '2' }, ['10', '80'], '6.691'],
    ['at most so much each', { fixedFee: '2', maximumPerEvent: '12' }, ['10', '80', '10000'], '18.691'],
    ['at least so much each', { minimumPerEvent: '1.75', maximumPerEvent: '12' }, ['10', '80', '10000'], '16.142'],
    ['an event of nothing pays the fee', { fixedFee: '2' }, ['0'], '2'],
    ['free events', { percent: '5', fixedFee: '1', freeEvents: '2' }, ['60', '30', '50'], '3.5'],
    ['more free events than there are', { fixedFee: '1', freeEvents: '9' }, ['60', '30'], '0'],
    ['no free events', { percent: '5', freeEvents: '0' }, ['60'], '3'],
    [
      'the event that crosses the free amount pays on its excess',
      { freeAmount: '10000' },
      ['10', '80', '10000'],
      '2.691',
    ],
    ['with the whole fee', { fixedFee: '1', freeAmount: '100' }, ['60', '50'], '1.299'],
    ['the event that reaches it exactly is free', { fixedFee: '1', freeAmount: '100' }, ['60', '40', '100'], '3.99'],
    ['no free amount', { percent: '5', freeAmount: '0' }, ['60'], '3'],
    ['no free amount, and an event of nothing', { fixedFee: '2', freeAmount: '0' }, ['0'], '2'],
    [
      'the allowance ends at the first of its bounds: events',
      { percent: '5', fixedFee: '1', freeEvents: '2', freeAmount: '100' },
      ['60', '30', '50'],
      '3.5',
    ],
    [
      'the allowance ends at the first of its bounds: amount',
      { percent: '10', freeEvents: '9', freeAmount: '100' },
      ['60', '70', '10'],
      '4',
    ],
    ['and for good', { percent: '10', freeAmount: '100' }, ['150', '10'], '6'],
    ['events below zero are none', { fixedFee: '1', freeEvents: '1' }, ['-5', '10', '100'], '3.99'],
  ])('%s', (_what, changes, events, expected) => {
    expect(amountOf(price(changes, ...events))).toBe(expected);
  });

  test.each<[string, Partial<PercentagePrice>, string[]]>([
    ['free events that end within a run', { freeEvents: '2', fixedFee: '1' }, ['7*5']],
    ['a free amount that ends within a run', { freeAmount: '16', fixedFee: '1' }, ['7*5']],
    ['a free amount that ends at the end of an event of a run', { freeAmount: '14', fixedFee: '1' }, ['7*5']],
    ['a free amount that ends with a run', { freeAmount: '35', fixedFee: '1' }, ['7*5', '3*2']],
    ['both', { freeAmount: '30', freeEvents: '3', fixedFee: '1', minimumPerEvent: '1.1' }, ['7*5', '3*2']],
    ['events of nothing', { freeAmount: '5', freeEvents: '3', fixedFee: '1' }, ['0*5', '3*2']],
  ])('a run of equal events costs what they cost one by one: %s', (_what, changes, runs) => {
    const single = runs.flatMap((run) => {
      const [value = '0', times = '1'] = run.split('*');
      return Array.from({ length: Number(times) }, () => value);
    });
    expect(amountOf(price(changes, ...runs))).toBe(amountOf(price(changes, ...single)));
  });

  test('a long run is a few steps of work', () => {
    const priced = price({ fixedFee: '0.1', freeEvents: '1000' }, '1*9000000000000');
    expect(amountOf(priced)).toBe('1169099999870.1');
  });

  test('says its arithmetic step by step', () => {
    const bounded = { fixedFee: '2', maximumPerEvent: '12', freeEvents: '1' };
    expect(sentencesOf(price(bounded, '5', '10', '80', '10000', '-1'))).toEqual([
      '1 of 5 events below 0',
      '1 of 5 events free',
      '10,090 × 2.99 % = 301.691',
      '3 × 2 = 6',
      '-289 by the bounds of single events',
    ]);
  });

  test('says nothing of fees and bounds that there are not', () => {
    expect(sentencesOf(price({}, '10'))).toEqual(['10 × 2.99 % = 0.299']);
    expect(sentencesOf(price({ freeAmount: '10' }, '10*2', '5'))).toEqual([
      '1 of 3 events free',
      '15 × 2.99 % = 0.4485',
    ]);
  });

  test('reads events', () => {
    expect(percentage.reading(PRICE)).toEqual({ reads: 'events' });
  });

  test.each<[string, Partial<PercentagePrice>, string[]]>([
    ['nothing wrong', { freeEvents: '0', freeAmount: '0', minimumPerEvent: '1', maximumPerEvent: '1' }, []],
    ['a negative share', { percent: '-1' }, ['price.percent']],
    ['a fee that is no decimal', { fixedFee: '1e3' }, ['price.fixedFee']],
    ['a part of an event', { freeEvents: '1.5' }, ['price.freeEvents']],
    ['absurdly many events', { freeEvents: '1000000000' }, ['price.freeEvents']],
    ['events by another spelling', { freeEvents: '007' }, ['price.freeEvents']],
    ['a negative free amount', { freeAmount: '-1' }, ['price.freeAmount']],
    ['bounds that cross', { minimumPerEvent: '2', maximumPerEvent: '1.99' }, ['price.maximumPerEvent']],
    ['an unreadable bound', { minimumPerEvent: 'low', maximumPerEvent: '1' }, ['price.minimumPerEvent']],
  ])('checks: %s', (_what, changes, paths) => {
    expect(percentage.check({ ...PRICE, ...changes }, 'price').map(({ path }) => path)).toEqual(paths);
  });
});
