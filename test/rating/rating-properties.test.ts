import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import { decimal, decimalText } from '../../src/domain/decimal.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import type { Charge, PriceModel } from '../../src/domain/plan.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { exact, ZERO } from '../../src/rating/exact.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { priceCharge } from '../../src/rating/price-charge.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { RATING_RUNS } from './generated-charges.ts';
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

/** Decimals with up to six digits behind the point. */
function decimals(max: bigint): fc.Arbitrary<string> {
  return fc
    .bigInt({ min: 0n, max: max * 1_000_000n })
    .map((millionths) => decimalText(decimal(millionths).times(decimal('0.000001'))));
}

const quantities = decimals(10n ** 12n);
const prices = decimals(100n);

const bounds = fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 9n }), { maxLength: 5 });
const graduatedPrices: fc.Arbitrary<PriceModel> = fc
  .tuple(bounds, fc.array(fc.tuple(prices, prices), { minLength: 6, maxLength: 6 }), fc.boolean())
  .map(([uppers, amounts, flatAtZero]) => {
    const rising = [...uppers.toSorted((one, other) => (one < other ? -1 : 1)).map(String), null];
    const bands = rising.map((upTo, index) => {
      const [unitPrice, flatFee] = amounts[index] ?? ['0', '0'];
      return { upTo, unitPrice, flatFee };
    });
    return { model: 'graduated', bands, flatAtZero };
  });
const packagePrices: fc.Arbitrary<PriceModel> = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), prices, quantities)
  .map(([size, packagePrice, freeUnits]) => ({ model: 'package', size: `${size}`, packagePrice, freeUnits }));
const models = fc.oneof(
  prices.map((unitPrice): PriceModel => ({ model: 'per_unit', unitPrice })),
  graduatedPrices,
  packagePrices,
);
const METERS = ['requests', 'input_tokens', 'output_tokens'] as const;
const charges = fc
  .tuple(fc.constantFrom(...METERS), models, fc.oneof(fc.constant('0'), quantities))
  .map(([meter, price, includedUnits]) => sampleCharge(meter, price, includedUnits));

const allInputs: fc.Arbitrary<RatingInputs> = fc
  .record({
    baseFee: prices,
    charges: fc.uniqueArray(charges, { selector: ({ key }) => key }),
    usage: fc.tuple(quantities, quantities, quantities),
    percents: fc.array(prices, { maxLength: 3 }),
    currency: fc.constantFrom('USD', 'JPY', 'KWD'),
    late: fc.array(fc.tuple(fc.constantFrom(...METERS), quantities, quantities), { maxLength: 1 }),
  })
  .map(({ baseFee, charges: list, usage, percents, currency, late }) => {
    const planVersion = samplePlan({ baseFee, charges: list, currency });
    return sampleInputs({
      spans: [sampleSpan({ planVersion, usage: list.map(({ key }, index) => sampleUsage(key, usage[index] ?? '0')) })],
      tenant: {
        ...sampleInputs().tenant,
        currency,
        taxRates: percents.map((percent, index) => ({ name: `tax ${index}`, percent })),
      },
      late: late.map(([meter, before, after]) => {
        const isCharged = list.some(({ key }) => key === meter);
        return sampleLate({ planVersion, usage: isCharged ? [sampleLateUsage(meter, before, after)] : [] });
      }),
    });
  });

function contentOf(inputs: RatingInputs): InvoiceContent {
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

const sum = (amounts: readonly { readonly amountMinor: string }[]): bigint =>
  amounts.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);

const RUNS = { numRuns: RATING_RUNS };

const CONTEXT = { aggregation: 'sum', currency: 'USD' } as const;

test('the total is the sum of the lines and of the taxes, whatever is billed', () => {
  fc.assert(
    fc.property(allInputs, (inputs) => {
      const content = contentOf(inputs);
      expect(BigInt(content.subtotalMinor)).toBe(sum(content.lines));
      expect(BigInt(content.taxMinor)).toBe(sum(content.taxLines));
      expect(BigInt(content.totalMinor)).toBe(sum(content.lines) + sum(content.taxLines));
      expect(new Set(content.lines.map(({ key }) => key)).size).toBe(content.lines.length);
    }),
    RUNS,
  );
});

test('the steps of every line lead to its amount: a conclusion says it, other steps add up to it', () => {
  const conclusions = new Set(['sum', 'rounding', 'difference']);
  const currencyUnits: Record<string, string> = { USD: '0.01', JPY: '1', KWD: '0.001' };
  fc.assert(
    fc.property(allInputs, (inputs) => {
      const currencyUnit = exact(currencyUnits[inputs.tenant.currency] ?? '0');
      for (const { amountMinor, steps } of contentOf(inputs).lines) {
        const last = steps.at(-1);
        const parts = last !== undefined && conclusions.has(last.step) ? [last] : steps;
        const shown = parts.reduce((total, { amount }) => total.plus(exact(amount)), ZERO);
        expect(shown.text).toBe(exact(amountMinor).times(currencyUnit).text);
      }
    }),
    RUNS,
  );
});

test('the same inputs give the same content, also after a round trip through canonical JSON', () => {
  fc.assert(
    fc.property(allInputs, (inputs) => {
      const recorded = JSON.parse(canonicalJson(inputs)) as RatingInputs;
      expect(canonicalJson(contentOf(recorded))).toBe(canonicalJson(contentOf(inputs)));
    }),
    RUNS,
  );
});

test('more usage never costs less', () => {
  fc.assert(
    fc.property(charges, quantities, quantities, (charge: Charge, quantity, more) => {
      const small = priceCharge(charge, { quantity }, CONTEXT).amount;
      const whole = exact(quantity).plus(exact(more)).text;
      expect(priceCharge(charge, { quantity: whole }, CONTEXT).amount.isBelow(small)).toBe(false);
    }),
    RUNS,
  );
});

test('the bill of a period and the late bills after it add up to the bill of the whole', () => {
  fc.assert(
    fc.property(charges, fc.array(quantities, { minLength: 1, maxLength: 5 }), (charge, increments) => {
      const planVersion = samplePlan({ baseFee: '0', charges: [charge] });
      const billFor = (quantity: string) =>
        sum(
          contentOf(sampleInputs({ spans: [sampleSpan({ planVersion, usage: [sampleUsage(charge.key, quantity)] })] }))
            .lines,
        );
      let before = '0';
      let billed = billFor('0');
      for (const increment of increments) {
        const after = decimalText(decimal(before).plus(decimal(increment)));
        const usage = [sampleLateUsage(charge.key, before, after)];
        const { lines } = contentOf(
          sampleInputs({ spans: [sampleSpan({ planVersion, usage: [] })], late: [sampleLate({ planVersion, usage })] }),
        );
        billed += sum(lines.filter(({ kind }) => kind === 'late_usage'));
        before = after;
      }
      expect(billed).toBe(billFor(before));
    }),
    RUNS,
  );
});

test('what the check of a plan lets through can always be rated, and what it refuses is never thrown', () => {
  const texts = fc.oneof(prices, fc.constantFrom('-1', '1e3', '', 'NaN', '0x1', '0'));
  const anyModel = fc.oneof(
    models,
    texts.map((unitPrice): PriceModel => ({ model: 'per_unit', unitPrice })),
    fc.tuple(texts, texts, texts).map(([size, packagePrice, freeUnits]): PriceModel => {
      return { model: 'package', size, packagePrice, freeUnits };
    }),
    fc
      .array(fc.record({ upTo: fc.oneof(texts, fc.constant(null)), unitPrice: texts, flatFee: texts }), {
        maxLength: 3,
      })
      .map((bands): PriceModel => ({ model: 'graduated', bands, flatAtZero: true })),
  );
  fc.assert(
    fc.property(anyModel, texts, texts, texts, (price, included, baseFee, quantity) => {
      const planVersion = samplePlan({ baseFee, charges: [sampleCharge('requests', price, included)] });
      const problems = checkPlan(planVersion, new Map(METERS.map((key) => [key, sampleMeter(key)])));
      const result = rateInvoice(
        sampleInputs({ spans: [sampleSpan({ planVersion, usage: [sampleUsage('requests', quantity)] })] }),
      );
      if (problems.length > 0) expect(result).toHaveProperty('problems');
      else if (/^-?\d+(?:\.\d+)?$/.test(quantity)) expect(result).toHaveProperty('content');
      else expect(result).toHaveProperty('problems');
    }),
    { numRuns: 500 },
  );
});
