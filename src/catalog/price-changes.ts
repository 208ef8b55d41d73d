import { canonicalJson } from '../domain/canonical.ts';
import { groupedText } from '../domain/grouped-text.ts';
import type { Charge, PlanVersion } from '../domain/plan.ts';
import { chargeText, commitmentText } from './charge-text.ts';
import { differencesOf } from './differences.ts';
import { priceText } from './price-text.ts';

/**
 * One price of a plan before and after, in words. `null`: it is not there. A type and no interface, so that the compiler takes it for
 * the JSON it is kept as.
 */
export type PriceChange = {
  /** `charge tokens_in`, `base fee`, `minimum`. */
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
};

/** More than anybody reads at once. */
const PRICE_CHANGES_MAX = 200;

/** What changes in the prices of a plan, what is gone last. Charges are the same charge where they have the same key. */
export function priceChanges(before: PlanVersion | undefined, after: PlanVersion): readonly PriceChange[] {
  const [feesBefore, feesAfter] = [before === undefined ? new Map<string, string>() : feesOf(before), feesOf(after)];
  const fees = [...new Set([...feesAfter.keys(), ...feesBefore.keys()])].map((what) => {
    return { what, before: feesBefore.get(what) ?? null, after: feesAfter.get(what) ?? null };
  });
  const chargesBefore = new Map(before?.charges.map((charge) => [charge.key, charge]));
  const keysAfter = new Set(after.charges.map(({ key }) => key));
  const charges = after.charges.flatMap((charge) => chargeChange(chargesBefore.get(charge.key), charge));
  const gone = [...chargesBefore.values()].filter(({ key }) => !keysAfter.has(key));
  return [
    ...fees.filter((fee) => fee.before !== fee.after),
    ...charges,
    ...gone.map((charge) => ({ what: nameOf(charge), before: chargeText(charge), after: null })),
  ].slice(0, PRICE_CHANGES_MAX);
}

function nameOf({ key }: Charge): string {
  return `charge ${key}`;
}

function chargeChange(before: Charge | undefined, after: Charge): PriceChange[] {
  const what = nameOf(after);
  if (before === undefined) return [{ what, before: null, after: chargeText(after) }];
  if (canonicalJson(before) === canonicalJson(after)) return [];
  const [textBefore, textAfter] = [chargeText(before), chargeText(after)];
  if (textBefore !== textAfter) return [{ what, before: textBefore, after: textAfter }];
  // Words leave out what is long, such as the thousandth cell of a matrix: then its first field that differs is shown.
  const [first] = differencesOf(before, after);
  return first === undefined
    ? []
    : [{ what: `${what}, ${first.path}`, before: fieldText(first.from), after: fieldText(first.to) }];
}

function fieldText(value: unknown): string | null {
  if (value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const FEE_DUE = { arrears: '', advance: ', in advance' } as const;

/** What a plan asks for beside its charges, by what it is. What it does not ask for is not there. */
function feesOf(plan: PlanVersion): ReadonlyMap<string, string> {
  const { boundsCover = 'charges', commitment, minimum, maximum, onChange } = plan;
  const covers = boundsCover === 'charges' ? 'of all charges' : 'of all charges and the base fee';
  const fixed = (plan.fixedQuantities ?? []).map(
    ({ key, unit, price, every }) =>
      [
        `fixed quantity ${key}`,
        `by ${unit}${every === undefined ? '' : ` and ${every}`}: ${priceText(price)}`,
      ] as const,
  );
  const fees: readonly (readonly [what: string, text: string | undefined])[] = [
    ['base fee', baseFeeText(plan)],
    ...fixed,
    ['commitment', commitment && `${commitmentText(commitment)} ${covers}`],
    ['minimum', minimum && `${groupedText(minimum)} ${covers}`],
    ['maximum', maximum && `${groupedText(maximum)} ${covers}`],
    ['a change of plan', onChange === 'carry_over' ? 'carries bands and included units over' : undefined],
  ];
  return new Map(fees.flatMap(([what, text]) => (text === undefined ? [] : [[what, text] as const])));
}

function baseFeeText({ baseFee, baseFeeDue = 'arrears', baseFeeEvery }: PlanVersion): string | undefined {
  if (baseFee === '0') return undefined;
  const every = baseFeeEvery === undefined ? '' : ` every ${baseFeeEvery}`;
  return `${groupedText(baseFee)}${every}${FEE_DUE[baseFeeDue]}`;
}
