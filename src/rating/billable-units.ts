import type { LineStep } from '../domain/invoice.ts';
import type { Charge, UnitConversion } from '../domain/plan.ts';
import { type Exact, exact, ZERO } from './exact.ts';
import type { UsagePart } from './inputs.ts';
import type { BillablePart } from './models/model.ts';
import { lineStep, spoken } from './sentences.ts';

/** Metered units as they are billed. */
export interface Units {
  readonly quantity: Exact;
  /** Of these, units that choose the band but cost nothing. */
  readonly freeUnits: Exact;
  /** The included units that are used. */
  readonly includedUnits: Exact;
  readonly steps: readonly LineStep[];
}

/**
 * Converts metered units and takes the included ones off, or says how many are free where they count for the band.
 *
 * @param used of the included units, those that were used before
 * @param before metered units that came before and are converted together with these: what is rounded is their sum
 */
export function billableQuantity(charge: Charge, metered: Exact, used: Exact = ZERO, before: Exact = ZERO): Units {
  const { conversion } = charge;
  const converted = convertUnits(conversion, before.plus(metered)).minus(convertUnits(conversion, before));
  const steps = conversionSteps(conversion, { metered, before, converted });
  const included = exact(charge.includedUnits).minus(used).atLeast(ZERO).atMost(converted);
  if (exact(charge.includedUnits).isZero) return { quantity: converted, freeUnits: ZERO, includedUnits: ZERO, steps };
  const sentence = `${spoken(included)} of ${spoken(converted)} included`;
  const withIncluded = [...steps, lineStep('included_units', sentence, ZERO)];
  if (charge.includedUnitsTaken === 'after_band') {
    return { quantity: converted, freeUnits: included, includedUnits: included, steps: withIncluded };
  }
  return { quantity: converted.minus(included), freeUnits: ZERO, includedUnits: included, steps: withIncluded };
}

/** Parts are converted each by itself. */
export function convertedParts({ conversion }: Charge, parts: readonly UsagePart[]): BillablePart[] {
  return parts.map(({ values, bucket, quantity }) => {
    return { values, bucket, quantity: convertUnits(conversion, exact(quantity).atLeast(ZERO)) };
  });
}

function convertUnits(conversion: UnitConversion | undefined, metered: Exact): Exact {
  if (conversion === undefined) return metered;
  const { multiply = '1', divide = '1', rounding } = conversion;
  const converted = metered.times(exact(multiply)).dividedBy(exact(divide));
  if (rounding === 'up') return converted.ceiling();
  if (rounding === 'down') return converted.floor();
  return rounding === 'half_up' ? converted.rounded(0) : converted;
}

function conversionSteps(
  conversion: UnitConversion | undefined,
  { metered, before, converted }: { readonly metered: Exact; readonly before: Exact; readonly converted: Exact },
): LineStep[] {
  if (conversion === undefined) return [];
  const { multiply, divide, rounding } = conversion;
  const factors = [
    ...(multiply === undefined ? [] : [`× ${spoken(exact(multiply))}`]),
    ...(divide === undefined ? [] : [`/ ${spoken(exact(divide))}`]),
  ];
  const rounded = rounding === undefined ? '' : `, rounded ${ROUNDING_WORDS[rounding]}`;
  const behind = before.isZero ? '' : ` behind ${spoken(before)} before`;
  const sentence = `${spoken(metered)}${behind} ${factors.join(' ')}${rounded} = ${spoken(converted)}`;
  return [lineStep('conversion', sentence, ZERO)];
}

const ROUNDING_WORDS = { up: 'up', down: 'down', half_up: 'half up' } as const;
