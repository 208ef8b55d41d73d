import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import type { InvoiceContent, InvoiceLine } from '../../src/domain/invoice.ts';
import type { Charge } from '../../src/domain/plan.ts';
import { carriedUsage } from '../../src/rating/carried-usage.ts';
import { Exact, exact, ZERO } from '../../src/rating/exact.ts';
import type { ChargeUsage, EarlierBill, RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { dueOf, priceCharge } from '../../src/rating/price-charge.ts';
import { shareOfPeriod } from '../../src/rating/proration.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { roundToMinor } from '../../src/rating/rounding.ts';
import { amounts, RATING_RUNS } from './generated-charges.ts';
import { anyInputs } from './generated-bills.ts';
import {
  CURRENCIES,
  eventsByMeter,
  type EventsByMeter,
  generatedPlans,
  inputsWith,
  periodCuts,
  spansOf,
  usageOfPlan,
} from './generated-inputs.ts';
import { generatedTimelines, lateTimeline, timelineSpans } from './generated-timelines.ts';
import { samplePlan } from './sample-inputs.ts';

/** Laws of whole invoices, for plans of every kind. */

const RUNS = { numRuns: RATING_RUNS };

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

const sum = (lines: readonly { readonly amountMinor: string }[]): bigint =>
  lines.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);

const currencies = fc.constantFrom(...CURRENCIES);

test('the total is the sum of the lines and of the taxes, and no two lines have one key', () => {
  fc.assert(
    fc.property(anyInputs, (inputs) => {
      const { lines, taxLines, ...content } = contentOf(inputs);
      expect(BigInt(content.subtotalMinor)).toBe(sum(lines));
      expect(BigInt(content.taxMinor)).toBe(sum(taxLines));
      expect(BigInt(content.totalMinor)).toBe(sum(lines) + sum(taxLines));
      expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
    }),
    RUNS,
  );
});

test('the lines of a charge lose no minor unit: together they are its whole, rounded once', () => {
  fc.assert(
    fc.property(anyInputs, (inputs) => {
      const { lines } = contentOf(inputs);
      const { currency } = inputs.tenant;
      for (const span of [...inputs.spans, ...(inputs.addOns ?? [])]) {
        for (const charge of span.planVersion.charges) {
          const due = span.trial === true ? ZERO : dueInSpan(inputs, span, charge);
          expect(sum(linesOfCharge(lines, span, charge.key))).toBe(roundToMinor(due, currency));
        }
      }
    }),
    RUNS,
  );
});

/** What a charge comes to, by itself, with what it has behind it where its plan carries over. */
function dueInSpan(inputs: RatingInputs, span: RatedSpan, charge: Charge): Exact {
  const usage = span.usage.find((one) => one.charge === charge.key);
  const meter = inputs.meters.find(({ key }) => key === charge.meter);
  if (usage === undefined || meter === undefined) throw new Error('every charge has usage and a meter');
  const timeline = span.planVersion.addOn === true ? (inputs.addOns ?? []) : inputs.spans;
  const earlier = carriedUsage(inputs.meters, timeline, timeline.indexOf(span), charge);
  const context = {
    aggregation: meter.aggregation,
    currency: inputs.tenant.currency,
    share: shareOfPeriod(span, inputs.feePeriod),
    ...(earlier === undefined ? {} : { earlier }),
  };
  return dueOf(priceCharge(charge, usage, context));
}

function linesOfCharge(lines: readonly InvoiceLine[], { from, planVersion }: RatedSpan, charge: string): InvoiceLine[] {
  const kinds = ['usage', 'minimum', 'maximum'];
  return lines.filter(({ kind, provenance }) => {
    const isOfSpan = provenance.planKey === planVersion.key && provenance.from === from;
    return kinds.includes(kind) && isOfSpan && provenance.charge === charge;
  });
}

test('rating twice gives the same content, also from the recorded text and with lists in another order', () => {
  const reordered = anyInputs.map((inputs) => ({
    inputs,
    other: {
      ...(JSON.parse(canonicalJson(inputs)) as RatingInputs),
      meters: inputs.meters.toReversed(),
      spans: inputs.spans.map((span) => ({ ...span, usage: span.usage.toReversed() })),
      late: inputs.late.map((late) => ({ ...late, usage: late.usage.toReversed() })),
    },
  }));
  fc.assert(
    fc.property(reordered, ({ inputs, other }) => {
      expect(canonicalJson(contentOf(other))).toBe(canonicalJson(contentOf(inputs)));
    }),
    RUNS,
  );
});

test('bills within a period and the last one add up to the bill of the whole period', () => {
  const cases = currencies.chain((currency) =>
    fc.record({
      currency: fc.constant(currency),
      plan: generatedPlans(currency),
      parts: fc.array(eventsByMeter, { minLength: 1, maxLength: 4 }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ currency, plan, parts }) => {
      const bill = (count: number, earlier: readonly EarlierBill[], isLast: boolean): InvoiceContent => {
        const spans = spansOf([plan], [], together(parts.slice(0, count)));
        return contentOf(inputsWith({ spans, earlier, isLast }, currency));
      };
      const earlier: EarlierBill[] = [];
      let total = 0n;
      for (let count = 1; count <= parts.length; count += 1) {
        const { subtotalMinor } = bill(count, earlier, count === parts.length);
        total += BigInt(subtotalMinor);
        earlier.push({ invoiceId: `inv_${count}`, amounts: [{ key: 'all', amountMinor: subtotalMinor }] });
      }
      expect(total).toBe(BigInt(bill(parts.length, [], true).subtotalMinor));
    }),
    RUNS,
  );
});

function together(parts: readonly EventsByMeter[]): EventsByMeter {
  const keys = Object.keys(parts[0] ?? {});
  return Object.fromEntries(keys.map((key) => [key, parts.flatMap((part) => part[key] ?? [])]));
}

/** How many events of each charge are on lines of usage, in time or late. */
function eventsByCharge(lines: readonly InvoiceLine[]): Readonly<Record<string, bigint>> {
  const counts: Record<string, bigint> = {};
  for (const { kind, provenance } of lines) {
    const { charge } = provenance;
    if (charge === null || (kind !== 'usage' && kind !== 'late_usage')) continue;
    counts[charge] = (counts[charge] ?? 0n) + BigInt(provenance.eventCount);
  }
  return counts;
}

/** A period, and what came to it while each later one was open. */
const histories = currencies.chain((currency) =>
  fc.record({
    currency: fc.constant(currency),
    timeline: generatedTimelines(currency),
    inTime: eventsByMeter,
    late: fc.array(eventsByMeter, { maxLength: 4 }),
  }),
);

test('usage is billed once, in time or late: bills of a period and what came late to it add up to the price of all', () => {
  fc.assert(
    fc.property(histories, ({ currency, timeline, inTime, late }) => {
      const nothing = spansOf([samplePlan({ key: 'nothing', baseFee: '0', currency, charges: [] })], [], {});
      const billFor = (events: EventsByMeter): InvoiceContent => {
        return contentOf(inputsWith({ spans: timelineSpans(timeline, events) }, currency));
      };
      const lines = [...billFor(inTime).lines];
      let known = inTime;
      for (const events of late) {
        const content = contentOf(
          inputsWith({ spans: nothing, late: lateTimeline(timeline, known, events) }, currency),
        );
        lines.push(...content.lines);
        known = together([known, events]);
      }
      const all = billFor(known);
      expect(sum(lines)).toBe(sum(all.lines));
      expect(eventsByCharge(lines)).toEqual(eventsByCharge(all.lines));
    }),
    RUNS,
  );
});

const cutPeriods = currencies.chain((currency) =>
  fc.record({
    currency: fc.constant(currency),
    plan: generatedPlans(currency),
    inTime: eventsByMeter,
    cuts: periodCuts,
  }),
);

test('every event of a period falls into one span, and is counted once by each charge that takes it', () => {
  fc.assert(
    fc.property(cutPeriods, ({ currency, plan, inTime, cuts }) => {
      const { lines } = contentOf(inputsWith({ spans: spansOf([plan], cuts, inTime) }, currency));
      const whole: readonly ChargeUsage[] = usageOfPlan(plan, inTime);
      for (const { charge, eventCount } of whole) {
        const ofCharge = lines.filter(({ kind, provenance }) => kind === 'usage' && provenance.charge === charge);
        expect(ofCharge.reduce((count, { provenance }) => count + BigInt(provenance.eventCount), 0n)).toBe(
          BigInt(eventCount),
        );
        expect(ofCharge).toHaveLength(cuts.length + 1);
      }
    }),
    RUNS,
  );
});

test('a fee that is cut at any instants is the whole fee: exactly, and to a minor unit for each line', () => {
  fc.assert(
    fc.property(currencies, amounts, periodCuts, (currency, baseFee, cuts) => {
      const plan = samplePlan({ baseFee, currency, charges: [] });
      const { lines } = contentOf(inputsWith({ spans: spansOf([plan], cuts, {}) }, currency));
      expect(Exact.sum(lines.map(({ exactAmount }) => fractionOf(exactAmount))).text).toBe(exact(baseFee).text);
      const lost = sum(lines) - roundToMinor(exact(baseFee), currency);
      expect(lost < 0n ? -lost : lost).toBeLessThanOrEqual(BigInt(lines.length));
      expect(lines.every(({ amountMinor }) => !amountMinor.startsWith('-'))).toBe(true);
    }),
    RUNS,
  );
});

function fractionOf(text: string): Exact {
  const [numerator = '0', denominator] = text.split('/');
  return denominator === undefined ? exact(numerator) : exact(numerator).dividedBy(exact(denominator));
}

test('an invoice without usage and fees is nothing, whatever the taxes', () => {
  const { totalMinor } = contentOf(
    inputsWith({ spans: spansOf([samplePlan({ baseFee: '0', charges: [] })], [], {}) }, 'USD', ['19']),
  );
  expect(totalMinor).toBe(ZERO.text);
});
