import type { Meter } from '../domain/meter.ts';
import type { Charge, Discount, UnitConversion } from '../domain/plan.ts';
import { checkBounds, checkCommitment } from './check-bounds.ts';
import { checkAmount, checkPositive, checkShare } from './check-decimal.ts';
import { exact } from './exact.ts';
import { isPriceModel, PRICE_MODEL_NAMES, rulesOf } from './models/index.ts';
import type { Problem } from './problem.ts';
import { readingOf } from './reading-of.ts';

/** What is wrong with a charge; `path` leads to it. */
export function checkCharge(charge: Charge, path: string, meters: ReadonlyMap<string, Meter>): Problem[] {
  const problems = [
    ...checkMeter(charge.meter, `${path}.meter`, meters),
    ...checkAmount(charge.includedUnits, `${path}.includedUnits`),
    ...checkConversion(charge.conversion, `${path}.conversion`),
    ...checkDiscount(charge.discount, `${path}.discount`),
    ...checkCommitment(charge.commitment, `${path}.commitment`),
    ...checkBounds(charge, path),
    ...checkFilter(charge.filter, `${path}.filter`),
  ];
  const { model }: { readonly model: string } = charge.price;
  if (!isPriceModel(model)) {
    const message = `${model} is no price model; these are: ${PRICE_MODEL_NAMES.join(', ')}`;
    return [...problems, { path: `${path}.price.model`, message }];
  }
  const meter = meters.get(charge.meter);
  return [
    ...problems,
    ...rulesOf(charge.price).check(charge.price, `${path}.price`),
    ...checkIncludedUnits(charge, path),
    ...(meter === undefined ? [] : checkReading(charge, meter, path)),
  ];
}

/** That a meter exists. */
export function checkMeter(meter: string, path: string, meters: ReadonlyMap<string, Meter>): Problem[] {
  return meters.has(meter)
    ? []
    : [{ path, message: `there is no meter ${meter}: define it under meters, or name another` }];
}

function checkConversion(conversion: UnitConversion | undefined, path: string): Problem[] {
  if (conversion === undefined) return [];
  const { multiply, divide } = conversion;
  if (multiply === undefined && divide === undefined) return [{ path, message: 'needs multiply or divide, or both' }];
  return [
    ...(multiply === undefined ? [] : checkPositive(multiply, `${path}.multiply`, 'would leave nothing to bill')),
    ...(divide === undefined ? [] : checkPositive(divide, `${path}.divide`, 'cannot divide by 0')),
  ];
}

function checkDiscount(discount: Discount | undefined, path: string): Problem[] {
  if (discount === undefined) return [];
  if ('percent' in discount) return checkShare(discount.percent, `${path}.percent`);
  return checkAmount(discount.amount, `${path}.amount`);
}

/** More values than this are a dimension of another name. */
const FILTER_VALUES_MAX = 1_000;

function checkFilter(filter: Charge['filter'] = {}, path: string): Problem[] {
  return Object.entries(filter).flatMap(([dimension, values]) => {
    const at = (message: string): Problem[] => [{ path: `${path}.${dimension}`, message }];
    if (values.length === 0) return at('no usage has one of no values: name some, or leave the dimension out');
    return values.length > FILTER_VALUES_MAX
      ? at(`${values.length} values; at most ${FILTER_VALUES_MAX} are allowed`)
      : [];
  });
}

const WITH_BANDS: ReadonlySet<string> = new Set(['graduated', 'volume', 'graduated_percentage']);

/** Included units are taken off one quantity: a price that looks into the usage has none. */
function checkIncludedUnits({ includedUnits, includedUnitsTaken, price }: Charge, path: string): Problem[] {
  const problems: Problem[] = [];
  if (includedUnitsTaken === 'after_band' && !WITH_BANDS.has(price.model)) {
    const message = `${price.model} has no bands that included units could fill: leave it out`;
    problems.push({ path: `${path}.includedUnitsTaken`, message });
  }
  const isReadInParts = rulesOf(price).reading(price).reads !== 'quantity';
  if (isReadInParts && checkAmount(includedUnits, path).length === 0 && !exact(includedUnits).isZero) {
    const cure =
      price.model === 'percentage' ? 'write freeEvents or freeAmount' : 'make the first band of its prices free';
    problems.push({ path: `${path}.includedUnits`, message: `a ${price.model} price is not of one quantity: ${cure}` });
  }
  return problems;
}

/** Aggregations whose parts come together to the whole. */
const IN_PARTS: ReadonlySet<string> = new Set(['count', 'sum', 'max']);

/** What the meter must be for what the charge reads of it. */
function checkReading(charge: Charge, meter: Meter, path: string): Problem[] {
  const reading = readingOf(charge);
  const ofEvents = rulesOf(charge.price).reading(charge.price).reads === 'events';
  const problems = unknownDimensions(charge, meter, path);
  if (ofEvents && meter.aggregation !== 'sum') {
    const message = `${meter.key} is ${meter.aggregation}: a percentage is of the amounts that a sum meter adds`;
    problems.push({ path: `${path}.meter`, message });
  }
  if (ofEvents && (charge.groupBy !== undefined || charge.conversion !== undefined)) {
    problems.push({
      path: `${path}.price.model`,
      message: 'a percentage is of single events: leave groupBy and conversion out',
    });
  }
  if (reading.reads === 'parts' && !IN_PARTS.has(meter.aggregation) && !isOneGroupEach(charge)) {
    const message = `${meter.key} is ${meter.aggregation}, whose parts do not add up: only groupBy alone can part it`;
    problems.push({ path: `${path}.meter`, message });
  }
  return problems;
}

function isOneGroupEach({ groupBy, price }: Charge): boolean {
  return groupBy !== undefined && rulesOf(price).reading(price).reads === 'quantity';
}

function unknownDimensions(charge: Charge, { key, dimensions }: Meter, path: string): Problem[] {
  const known = dimensions.length === 0 ? 'none' : dimensions.join(', ');
  const named = [
    ...Object.keys(charge.filter ?? {}).map((dimension) => ({ dimension, at: `${path}.filter.${dimension}` })),
    ...(charge.groupBy === undefined ? [] : [{ dimension: charge.groupBy, at: `${path}.groupBy` }]),
    ...(charge.price.model === 'matrix'
      ? charge.price.dimensions.map((dimension) => ({ dimension, at: `${path}.price.dimensions` }))
      : []),
  ];
  return named
    .filter(({ dimension }) => !dimensions.includes(dimension))
    .map(({ dimension, at }) => ({
      path: at,
      message: `the meter ${key} has no dimension ${dimension}; it has ${known}`,
    }));
}
