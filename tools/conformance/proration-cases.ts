import { formatInstant, type InstantText, requireInstant } from '../../src/domain/instant.ts';
import { daysLater } from '../../src/domain/period-starts.ts';
import { type Exact, exact } from '../../src/rating/exact.ts';
import {
  changeOfQuantity,
  type FixedQuantityPrice,
  priceFixedQuantity,
  type QuantityChange,
} from '../../src/rating/fixed-quantity.ts';
import {
  type FeePeriod,
  feeForShare,
  proratedFee,
  shareOfDays,
  shareOfPeriod,
  spanLeft,
  type TimeSpan,
} from '../../src/rating/proration.ts';
import { minorToExact, roundToMinor } from '../../src/rating/rounding.ts';
import {
  type CaseFields,
  countIn,
  decimalIn,
  decimalsIn,
  exactIn,
  fractionOf,
  has,
  instantIn,
  periodIn,
  wordIn,
} from './case-fields.ts';
import { CURRENCY } from './case-inputs.ts';
import type { CaseRunner, CaseRunners } from './case-runner.ts';
import { quantityPrice } from './price-forms.ts';

const UTC = 'UTC';

function rounded(amount: Exact): Exact {
  return minorToExact(roundToMinor(amount, CURRENCY), CURRENCY);
}

/** The part of a period that is left when something changes. */
function leftAtChange(params: CaseFields, input: CaseFields): Exact {
  const period = periodIn(params);
  return shareOfPeriod(changeSpan(input, period), period);
}

function changeSpan(input: CaseFields, period: FeePeriod): TimeSpan {
  return spanLeft(instantIn(input, 'change_at'), period);
}

/** The fee of the new plan: for what is left of the period, or whole where an interval of its own begins. */
const planChangeCharge: CaseRunner = (params, input, policy) => {
  const ownInterval = has(params, 'new_interval') ? wordIn(params, 'new_interval', ['month', 'year']) : undefined;
  const spanOf = ownInterval === undefined ? changeSpan : wholeSpan;
  return feeOf('new_price', spanOf)(params, input, policy);
};

function wholeSpan(_input: CaseFields, { start, end }: FeePeriod): TimeSpan {
  return { from: start, to: end };
}

/** Credit and charge are two amounts that a customer sees, so each is rounded. */
function planChangeNet(params: CaseFields, input: CaseFields): Exact {
  const left = leftOfNet(params, input);
  const charge = rounded(feeForShare('new', exactIn(params, 'new'), left).amount);
  const credit = rounded(feeForShare('old', exactIn(params, 'old'), left).amount);
  return charge.minus(credit);
}

function leftOfNet(params: CaseFields, input: CaseFields): Exact {
  if (has(input, 'fraction_left')) return fractionOf(input['fraction_left'], 'fraction_left');
  if (has(input, 'days_left')) return shareOfDays(exactIn(input, 'days_left'), periodIn(params));
  return leftAtChange(params, input);
}

/** A price of one each. */
function perUnit(params: CaseFields): FixedQuantityPrice {
  return { model: 'per_unit', unitPrice: decimalIn(params, 'unit') };
}

/** What a change of a quantity comes to, by a price of one each; `from` and `to` are names of the input. */
function quantityChange(
  from: string,
  to: string,
  leftOf: (params: CaseFields, input: CaseFields) => Exact,
): CaseRunner {
  return (params, input) => {
    const change = changeOfQuantity(exactIn(input, from), exactIn(input, to), leftOf(params, input));
    return priceOfChanges(perUnit(params), [change]);
  };
}

function fractionLeft(params: CaseFields): Exact {
  return fractionOf(params['fraction_left'], 'fraction_left');
}

function priceOfChanges(price: FixedQuantityPrice, changes: readonly QuantityChange[]): Exact {
  return rounded(priceFixedQuantity(price, changes).amount);
}

type SpanOfCase = (input: CaseFields, period: FeePeriod, params: CaseFields) => TimeSpan;

/** A fee, by its name in the params, for a span of its period. */
function feeOf(fee: string, spanOf: SpanOfCase): CaseRunner {
  return (params, input) => {
    const period = periodIn(params);
    return rounded(proratedFee(fee, exactIn(params, fee), spanOf(input, period, params), period).amount);
  };
}

function fromTo(input: CaseFields): TimeSpan {
  return { from: instantIn(input, 'from'), to: instantIn(input, 'to') };
}

/** The beginning of the day that comes so many days after an instant. */
function dayAfter(instant: InstantText, days: number): InstantText {
  return formatInstant(daysLater(UTC, requireInstant(instant), days));
}

const proratedGraduated: CaseRunner = (params, input, { flatAtZero }) => {
  const units = decimalsIn(input, 'units');
  const prorated = decimalsIn(input, 'prorated_units');
  if (units.length !== prorated.length) throw new TypeError('each change needs its units and its prorated units');
  const changes = units.map((one, index) => ({ units: exact(one), proratedUnits: exact(prorated[index] ?? '0') }));
  return priceOfChanges(fixedPrice('graduated', params, flatAtZero), changes);
};

const proratedVolume: CaseRunner = (params, input, { flatAtZero }) => {
  const change = { units: exactIn(input, 'full_units'), proratedUnits: exactIn(input, 'prorated_units') };
  return priceOfChanges(fixedPrice('volume', params, flatAtZero), [change]);
};

function fixedPrice(model: 'graduated' | 'volume', params: CaseFields, flatAtZero: boolean): FixedQuantityPrice {
  // The price of a model that has this name is of this model.
  return quantityPrice(model, params, flatAtZero) as FixedQuantityPrice;
}

/** Fees and fixed quantities for a part of a period. */
export const PRORATION_CASES: CaseRunners = {
  plan_change_credit: feeOf('old_price', changeSpan),
  plan_change_charge: planChangeCharge,
  plan_change_net: planChangeNet,
  quantity_increase: quantityChange('from', 'to', leftAtChange),
  quantity_decrease_credit: quantityChange('to', 'from', leftAtChange),
  seat_proration: quantityChange('from', 'to', fractionLeft),
  stub_start: feeOf('price', (input, period) => spanLeft(instantIn(input, 'start_at'), period)),
  used_part: feeOf('price', fromTo),
  remaining_part: feeOf('price', fromTo),
  ratio: (params, input) => shareOfPeriod(fromTo(input), periodIn(params)),
  trial_end: feeOf('price', (input, period, params) => {
    return spanLeft(dayAfter(instantIn(input, 'start_at'), countIn(params, 'trial_days')), period);
  }),
  terminated: feeOf('price', (input) => {
    return { from: instantIn(input, 'from'), to: dayAfter(instantIn(input, 'last_day_inclusive'), 1) };
  }),
  terminated_by_upgrade: feeOf('price', (input) => ({
    from: instantIn(input, 'from'),
    to: instantIn(input, 'change_on'),
  })),
  upgrade_used_part: (params, input) => {
    const share = shareOfDays(exactIn(input, 'used_days'), periodIn(params));
    return rounded(feeForShare('price', exactIn(params, 'price'), share).amount);
  },
  prorated_graduated: proratedGraduated,
  prorated_volume: proratedVolume,
};
