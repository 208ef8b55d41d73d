import { isPlainDecimal } from '../domain/decimal.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import { allSpans } from './add-ons.ts';
import { Exact, exact, ZERO } from './exact.ts';
import type { RatingInputs, UsageFigures } from './inputs.ts';
import type { UsageReading } from './models/model.ts';
import { isPriceModel } from './models/index.ts';
import { readingOf } from './reading-of.ts';

/** The usage of one charge, with the name that problems call it by. */
interface NamedFigures {
  readonly charge: string;
  readonly figures: UsageFigures;
}

/**
 * What is wrong with the usage of spans and of late periods, as sentences: every figure is readable, of a charge of its plan, there
 * once, and given in the way that the charge reads it. A part that is missing would be priced as if it had not been used.
 */
export function checkUsage(inputs: RatingInputs): string[] {
  return [
    ...allSpans(inputs).flatMap(({ planVersion, usage }) => {
      const named = usage.map(({ charge, ...figures }) => ({ charge, figures }));
      return checkFigures(inputs, planVersion, named, usage);
    }),
    ...inputs.late.flatMap(({ planVersion, usage }) => {
      const named = usage.flatMap(({ charge, before, after }) =>
        [before, after].map((figures) => ({ charge, figures })),
      );
      return checkFigures(inputs, planVersion, named, usage);
    }),
  ];
}

function checkFigures(
  { meters }: RatingInputs,
  plan: PlanVersion,
  named: readonly NamedFigures[],
  usage: readonly { readonly charge: string }[],
): string[] {
  const charges = new Map(plan.charges.map((charge) => [charge.key, charge]));
  const aggregations = new Map(meters.map(({ key, aggregation }) => [key, aggregation]));
  const keys = usage.map(({ charge }) => charge);
  return [
    ...named.flatMap(({ charge: key, figures }) => {
      const unreadable = checkNumbers(key, figures);
      const charge = charges.get(key);
      if (charge === undefined)
        return [
          ...unreadable,
          `there is usage of ${key}, but plan ${plan.key} version ${plan.version} has no such charge`,
        ];
      if (unreadable.length > 0 || !isPriceModel(charge.price.model)) return unreadable;
      return checkReading(charge, figures, aggregations.get(charge.meter));
    }),
    ...keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `the usage of ${key} is given twice`),
  ];
}

function checkNumbers(charge: string, { quantity, parts = [], amounts = [] }: UsageFigures): string[] {
  const texts = [quantity, ...parts.map((part) => part.quantity), ...amounts.map(([value]) => value)];
  return [
    ...texts
      .filter((text) => !isPlainDecimal(text))
      .map((text) => `the usage of ${charge} is no plain decimal: ${JSON.stringify(text)}`),
    ...amounts
      .filter(([, times]) => !Number.isSafeInteger(times) || times < 1)
      .map(([, times]) => `the usage of ${charge} has a value ${times} times: a whole number above 0 is needed`),
  ];
}

/** That usage is given as the charge reads it, and that its parts come to its quantity. */
function checkReading(charge: Charge, figures: UsageFigures, aggregation: Aggregation | undefined): string[] {
  const reading = readingOf(charge);
  if (reading.reads === 'quantity') return [];
  const { quantity, parts, amounts } = figures;
  const isGiven = (reading.reads === 'parts' ? parts : amounts) !== undefined;
  if (!isGiven) {
    return exact(quantity).isZero ? [] : [`the usage of ${charge.key} is not given ${wanted(reading)}`];
  }
  if (reading.reads === 'parts' && parts?.some(({ bucket }) => (bucket === null) !== (reading.bucket === null))) {
    return [`the usage of ${charge.key} is not given ${wanted(reading)}`];
  }
  const whole = wholeOf(reading.reads === 'parts' ? { parts: parts ?? [] } : { amounts: amounts ?? [] }, aggregation);
  if (whole === undefined || whole.equals(exact(quantity))) return [];
  return [`the parts of the usage of ${charge.key} come to ${whole.text}, and not to its quantity of ${quantity}`];
}

function wanted(reading: Exclude<UsageReading, { reads: 'quantity' }>): string {
  if (reading.reads === 'events') return 'by single events';
  return `in parts by ${[...reading.dimensions, ...(reading.bucket === null ? [] : [reading.bucket])].join(', ')}`;
}

/** What parts or events come to; `undefined` where the meter's parts do not come together. */
function wholeOf(
  { parts, amounts }: Partial<Pick<Required<UsageFigures>, 'parts' | 'amounts'>>,
  aggregation: Aggregation | undefined,
): Exact | undefined {
  if (amounts !== undefined)
    return Exact.sum(amounts.map(([value, times]) => exact(value).times(exact(BigInt(times)))));
  const quantities = (parts ?? []).map(({ quantity }) => exact(quantity));
  if (aggregation === 'sum' || aggregation === 'count') return Exact.sum(quantities);
  if (aggregation !== 'max') return undefined;
  const [first = ZERO, ...rest] = quantities;
  return rest.reduce((peak, quantity) => peak.atLeast(quantity), first);
}
