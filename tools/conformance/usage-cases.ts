import { formatInstant, MICROS_PER_HOUR, requireInstant } from '../../src/domain/instant.ts';
import { Exact, exact } from '../../src/rating/exact.ts';
import type { UsageFigures, UsagePart } from '../../src/rating/inputs.ts';
import { dueOf, priceCharge } from '../../src/rating/price-charge.ts';
import { minorToExact } from '../../src/rating/rounding.ts';
import {
  type CaseFields,
  decimalIn,
  decimalsIn,
  exactIn,
  flagIn,
  namedDecimalsIn,
  optionalDecimalIn,
} from './case-fields.ts';
import * as inputs from './case-inputs.ts';
import type { CasePolicy, CaseRunner, CaseRunners } from './case-runner.ts';
import { frameOf, percentagePrice, quantityPrice } from './price-forms.ts';

/** What one charge and the base fee of its plan come to, before rounding. */
function billOfCharge(one: inputs.ChargeCase, params: CaseFields, input: CaseFields): Exact {
  const isLast = flagIn(params, 'last_line', true);
  const baseFee = decimalIn(params, 'base_fee', '0');
  const billed = optionalDecimalIn(params, 'already_billed');
  const before = optionalDecimalIn(input, 'quantity_before');
  if (billed === undefined && before === undefined) {
    const span = inputs.wholePeriod(inputs.planOf([one.charge], { baseFee }), [one]);
    return inputs.exactSum(inputs.billOf(inputs.inputsOf([span], inputs.metersOf([one]), { isLast })).lines);
  }
  const earlier = { billed: exact(billed ?? '0'), ...(before !== undefined && { units: exact(before) }) };
  const context = { aggregation: one.aggregation, currency: inputs.CURRENCY, isLast, earlier };
  return dueOf(priceCharge(one.charge, one.usage, context)).plus(exact(baseFee));
}

/** A price of a quantity, in its frame. */
function quantityCase(model: string, quantityField: string, aggregation: 'sum' | 'max' = 'sum'): CaseRunner {
  return (params, input, { flatAtZero }) => {
    const charge = inputs.chargeOf(quantityPrice(model, params, flatAtZero), frameOf(params));
    const usage = { quantity: decimalIn(input, quantityField) };
    return billOfCharge({ charge, aggregation, usage }, params, input);
  };
}

const FIRST_BUCKET_MICROS = requireInstant('2026-01-01T00:00:00Z');

/** Buckets are hours in a row: their instants only tell them apart. */
function bucketedCase(model: string): CaseRunner {
  return (params, input, { flatAtZero }) => {
    const price = quantityPrice(model, params, flatAtZero);
    const charge = inputs.chargeOf({ model: 'bucketed', bucket: 'hour', price }, frameOf(params));
    const parts = decimalsIn(input, 'buckets').map((quantity, index): UsagePart => {
      const bucket = formatInstant(FIRST_BUCKET_MICROS + index * MICROS_PER_HOUR);
      return { values: {}, bucket, quantity, eventCount: '1' };
    });
    return billOfCharge({ charge, aggregation: 'sum', usage: inParts(parts) }, params, input);
  };
}

function groupedCase(model: string): CaseRunner {
  return (params, input, { flatAtZero }) => {
    const charge = inputs.chargeOf(quantityPrice(model, params, flatAtZero), { ...frameOf(params), groupBy: 'group' });
    const parts = namedDecimalsIn(input, 'groups').map(([group, quantity]): UsagePart => {
      return { values: { group }, bucket: null, quantity, eventCount: '1' };
    });
    return billOfCharge({ charge, aggregation: 'sum', usage: inParts(parts) }, params, input);
  };
}

function inParts(parts: readonly UsagePart[]): UsageFigures {
  return { quantity: Exact.sum(parts.map(({ quantity }) => exact(quantity))).text, parts };
}

function percentageCase(params: CaseFields, input: CaseFields): Exact {
  const charge = inputs.chargeOf(percentagePrice(params), frameOf(params));
  const events = decimalsIn(input, 'events');
  const quantity = Exact.sum(events.map((value) => exact(value))).text;
  const amounts = events.map((value) => [value, 1] as const);
  return billOfCharge({ charge, aggregation: 'sum', usage: { quantity, amounts } }, params, input);
}

/** One charge for each unit of the params, on one bill. */
function multiUnitCase(params: CaseFields, input: CaseFields, { flatAtZero }: CasePolicy): Exact {
  const unknown = Object.keys(input).filter((unit) => params[unit] === undefined);
  if (unknown.length > 0) throw new TypeError(`there is no price of ${unknown.join(', ')}`);
  const charges = Object.keys(params).map((unit): inputs.ChargeCase => {
    const price = quantityPrice('graduated_blocks', { tiers: params[unit] }, flatAtZero);
    const charge = inputs.chargeOf(price, { key: unit, meter: unit });
    return { charge, aggregation: 'sum', usage: { quantity: decimalIn(input, unit, '0') } };
  });
  const span = inputs.wholePeriod(inputs.planOf(charges.map(({ charge }) => charge)), charges);
  return inputs.exactSum(inputs.billOf(inputs.inputsOf([span], inputs.metersOf(charges))).lines);
}

/** A flat fee and prices below a cent, on one line that is rounded once. */
function subcentCase(params: CaseFields, input: CaseFields): Exact {
  const band = { upTo: null, unitPrice: decimalIn(params, 'unit'), flatFee: decimalIn(params, 'flat', '0') };
  const price = { model: 'graduated', bands: [band], flatAtZero: true } as const;
  const charge = inputs.chargeOf(price, { includedUnits: decimalIn(params, 'included', '0') });
  const usage = { quantity: decimalIn(input, 'quantity') };
  const one: inputs.ChargeCase = { charge, aggregation: 'sum', usage };
  const span = inputs.wholePeriod(inputs.planOf([charge]), [one]);
  const { lines } = inputs.billOf(inputs.inputsOf([span], inputs.metersOf([one])));
  return Exact.sum(lines.map(({ amountMinor }) => minorToExact(BigInt(amountMinor), inputs.CURRENCY)));
}

function commitmentCase(params: CaseFields, input: CaseFields): Exact {
  const commitment = {
    amount: decimalIn(params, 'commitment'),
    overageFactor: decimalIn(params, 'overage_factor', '1'),
    trueUp: flagIn(params, 'true_up', false),
  };
  const charge = inputs.chargeOf(quantityPrice('per_unit', params, false), { commitment });
  const usage = { quantity: decimalIn(input, 'quantity') };
  return billOfCharge({ charge, aggregation: 'sum', usage }, {}, input);
}

function creditsOffsetCase(params: CaseFields, input: CaseFields): Exact {
  const covered = { includedUnits: decimalIn(input, 'credit_units') };
  const charge = inputs.chargeOf(quantityPrice('per_unit', params, false), covered);
  const usage = { quantity: decimalIn(input, 'quantity') };
  return billOfCharge({ charge, aggregation: 'sum', usage }, {}, input);
}

/** The line that makes up for what a charge misses to its minimum. */
function minimumCase(params: CaseFields, input: CaseFields): Exact {
  const price = { model: 'flat', amount: exactIn(input, 'charge').text, due: 'always' } as const;
  const charge = inputs.chargeOf(price, { minimum: decimalIn(params, 'minimum') });
  const span = inputs.wholePeriod(inputs.planOf([charge]), []);
  const { lines } = inputs.billOf(
    inputs.inputsOf([span], inputs.metersOf([{ charge, aggregation: 'sum', usage: { quantity: '0' } }])),
  );
  return inputs.exactSum(lines.filter(({ kind }) => kind === 'minimum'));
}

/** Prices of the usage of one bill. */
export const USAGE_CASES: CaseRunners = {
  per_unit: quantityCase('per_unit', 'quantity'),
  per_unit_subcent: subcentCase,
  graduated: quantityCase('graduated', 'quantity'),
  graduated_delta: quantityCase('graduated', 'quantity'),
  volume: quantityCase('volume', 'quantity'),
  package: quantityCase('package', 'quantity'),
  package_delta: quantityCase('package', 'quantity'),
  graduated_blocks: quantityCase('graduated_blocks', 'quantity'),
  volume_blocks: quantityCase('volume_blocks', 'quantity'),
  graduated_blocks_multi_unit: multiUnitCase,
  percentage: percentageCase,
  graduated_percentage: quantityCase('graduated_percentage', 'amount'),
  dynamic: quantityCase('dynamic', 'amount'),
  capacity: quantityCase('capacity', 'peak', 'max'),
  minimum_true_up: minimumCase,
  commitment_overage: commitmentCase,
  bucketed_per_unit: bucketedCase('per_unit'),
  bucketed_package: bucketedCase('package'),
  bucketed_graduated: bucketedCase('graduated'),
  bucketed_volume: bucketedCase('volume'),
  grouped_graduated: groupedCase('graduated'),
  grouped_volume: groupedCase('volume'),
  credits_offset: creditsOffsetCase,
};
