import { formatInstant, MICROS_PER_DAY, requireInstant, type InstantText } from '../../src/domain/instant.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';
import { Exact, exact, ONE } from '../../src/rating/exact.ts';
import { cappedCredit } from '../../src/rating/credits.ts';
import { leftAfterEach } from '../../src/rating/coupons.ts';
import { planBoundChanges } from '../../src/rating/plan-bounds.ts';
import { taxOn } from '../../src/rating/tax.ts';
import { minorToExact, roundTo } from '../../src/rating/rounding.ts';
import {
  type CaseFields,
  countIn,
  decimalIn,
  decimalsIn,
  exactIn,
  fieldsOf,
  has,
  listIn,
  wordIn,
} from './case-fields.ts';
import * as inputs from './case-inputs.ts';
import type { CaseRunners } from './case-runner.ts';

const ORDINALS = ['first', 'second', 'third'] as const;

/** The one of a row that a case asks for. */
function ordinal<One>(input: CaseFields, name: string, row: readonly One[]): One {
  const place = ORDINALS.indexOf(wordIn(input, name, ORDINALS));
  const found = row[place];
  if (found === undefined) throw new RangeError(`there is no ${ORDINALS[place]}`);
  return found;
}

const FIRST_DAY = requireInstant('2026-01-01T00:00:00Z');

/** Each price has a day of the period, the last one what is left of it. */
function daySpan(index: number, count: number): { readonly from: InstantText; readonly to: InstantText } {
  const from = FIRST_DAY + index * MICROS_PER_DAY;
  const to = index === count - 1 ? inputs.END : formatInstant(from + MICROS_PER_DAY);
  return { from: formatInstant(from), to };
}

/** The amounts of one charge in the spans of a period, each with its own version of the plan and its own usage. */
function usageOfSpans(charges: readonly inputs.ChargeCase[], plan: Partial<PlanVersion>): Exact[] {
  const spans = charges.map((one, index) => {
    const planVersion = inputs.planOf([one.charge], { ...plan, version: index + 1 });
    return { ...daySpan(index, charges.length), planVersion, usage: [inputs.usageOf(one)] };
  });
  const { lines } = inputs.billOf(inputs.inputsOf(spans, inputs.metersOf(charges.slice(0, 1))));
  return lines.filter(({ kind }) => kind === 'usage').map((line) => inputs.exactSum([line]));
}

/** At a price of one each, what is billed is the billable quantity. */
function discountCarry(params: CaseFields, input: CaseFields): Exact {
  const includedUnits = decimalIn(params, 'free_quantity');
  const charge = inputs.chargeOf({ model: 'per_unit', unitPrice: '1' }, { includedUnits });
  const charges = decimalsIn(input, 'quantities').map((quantity): inputs.ChargeCase => {
    return { charge, aggregation: 'sum', usage: { quantity } };
  });
  return ordinal(input, 'take', usageOfSpans(charges, { onChange: 'carry_over' }));
}

/** The usage line of one of several plan versions of a period. */
function splitSum(params: CaseFields, input: CaseFields): Exact {
  const quantities = decimalsIn(input, 'quantity_per_price');
  const charges = listIn(params, 'prices').map((price, index): inputs.ChargeCase => {
    const unitPrice = decimalIn(fieldsOf(price, 'a price'), 'unit');
    const quantity = quantities[index];
    if (quantity === undefined) throw new RangeError('each price needs its quantity');
    return { charge: inputs.chargeOf({ model: 'per_unit', unitPrice }), aggregation: 'sum', usage: { quantity } };
  });
  return ordinal(input, 'want', usageOfSpans(charges, {}));
}

function couponsLeft(amount: Exact, lefts: readonly Exact[]): Exact {
  return lefts.at(-1) ?? amount;
}

function couponChain(params: CaseFields, input: CaseFields): Exact {
  const subtotal = exactIn(input, 'subtotal');
  const discounts = decimalsIn(params, 'percent').map((percent) => ({ percent }));
  return couponsLeft(subtotal, leftAfterEach(subtotal, discounts));
}

function couponFloor(params: CaseFields, input: CaseFields): Exact {
  const subtotal = exactIn(input, 'subtotal');
  const discounts = decimalsIn(params, 'fixed').map((amount) => ({ amount }));
  return couponsLeft(subtotal, leftAfterEach(subtotal, discounts));
}

function creditCap(params: CaseFields, input: CaseFields): Exact {
  const before = { paid: exactIn(params, 'amount_paid'), credited: exactIn(params, 'credited_before') };
  return cappedCredit(exactIn(input, 'potential_credit'), before);
}

/** The bill of an amount with coupons, one tax and credits. */
function invoice(params: CaseFields, input: CaseFields): Exact {
  const amount = decimalIn(input, 'subtotal');
  const content = inputs.billOf({
    ...inputs.inputsOf([inputs.wholePeriod(inputs.planOf([]), [])], []),
    tenant: inputs.tenantWith([{ name: 'Tax', percent: decimalIn(params, 'tax_rate') }]),
    oneOffs: [{ id: 'subtotal', description: 'Subtotal', amount, at: inputs.START }],
    coupons: optionalList(input, 'coupons').map((off, index) => {
      return { id: `coupon_${index}`, description: 'Coupon', discount: { amount: off } };
    }),
    grants: [inputs.grantOf(exact(decimalIn(input, 'credits', '0')))],
  });
  const minor = wordIn(input, 'want', ['tax', 'total']) === 'tax' ? content.taxMinor : content.dueMinor;
  return minorToExact(BigInt(minor ?? ''), inputs.CURRENCY);
}

function optionalList(input: CaseFields, name: string): string[] {
  return has(input, name) ? decimalsIn(input, name) : [];
}

function taxMulti(params: CaseFields, input: CaseFields): Exact {
  const taxable = exactIn(input, 'taxable');
  const taxes = decimalsIn(params, 'rates').map((percent) => taxOn(taxable, percent, inputs.CURRENCY));
  return Exact.sum(taxes.map((tax) => minorToExact(tax, inputs.CURRENCY)));
}

/** What makes up for what all charges of a plan miss to its commitment. */
function planCommitment(params: CaseFields, input: CaseFields): Exact {
  const commitment = { amount: decimalIn(params, 'commitment'), overageFactor: '1', trueUp: true };
  const total = { amount: exactIn(input, 'charge'), share: ONE, isLast: true };
  return Exact.sum(planBoundChanges({ commitment }, total).map(({ change }) => change));
}

/** Several bills of a period, several prices in it, and what is around the lines of an invoice. */
export const BILL_CASES: CaseRunners = {
  usage_discount_carry: discountCarry,
  split_sum: splitSum,
  plan_commitment_true_up: planCommitment,
  invoice,
  tax_multi: taxMulti,
  coupon_chain: couponChain,
  coupon_floor: couponFloor,
  round: (params, input) => roundTo(exactIn(input, 'amount'), countIn(params, 'exponent')),
  credit_cap: creditCap,
};
