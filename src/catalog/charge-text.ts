import { groupedText } from '../domain/grouped-text.ts';
import type { Charge, Commitment, Discount, UnitConversion } from '../domain/plan.ts';
import { priceText } from './price-text.ts';

const ROUNDED = { up: ', rounded up', down: ', rounded down', half_up: ', rounded half up' } as const;

/** A charge in words: what is counted, what it costs, and what is taken off or added, in the order in which it is applied. */
export function chargeText(charge: Charge): string {
  const { meter, filter, groupBy, conversion, discount, commitment, minimum, maximum } = charge;
  return [
    meter,
    ...Object.entries(filter ?? {}).map(([dimension, values]) => `only ${dimension} ${values.join(' or ')}`),
    ...(groupBy === undefined ? [] : [`each ${groupBy} by itself`]),
    ...(conversion === undefined ? [] : [conversionText(conversion)]),
    ...includedTexts(charge),
    priceText(charge.price),
    ...(discount === undefined ? [] : [discountText(discount)]),
    ...(commitment === undefined ? [] : [commitmentText(commitment)]),
    ...(minimum === undefined ? [] : [`at least ${groupedText(minimum)}`]),
    ...(maximum === undefined ? [] : [`at most ${groupedText(maximum)}`]),
  ].join(' · ');
}

function conversionText({ multiply, divide, rounding }: UnitConversion): string {
  const factors = [
    ...(multiply === undefined ? [] : [`× ${groupedText(multiply)}`]),
    ...(divide === undefined ? [] : [`/ ${groupedText(divide)}`]),
  ];
  return `${factors.join(' ')}${rounding === undefined ? '' : ROUNDED[rounding]}`;
}

function includedTexts({ includedUnits, includedUnitsTaken }: Charge): string[] {
  if (includedUnits === '0') return [];
  const taken = includedUnitsTaken === 'after_band' ? ', which count for the band' : '';
  return [`${groupedText(includedUnits)} included${taken}`];
}

function discountText(discount: Discount): string {
  return 'percent' in discount ? `${discount.percent} % off` : `${groupedText(discount.amount)} off`;
}

/** A commitment in words. */
export function commitmentText({ amount, overageFactor, trueUp }: Commitment): string {
  const factor = overageFactor === '1' ? '' : `, beyond it × ${overageFactor}`;
  return `${groupedText(amount)} committed${factor}${trueUp ? '' : ', not trued up'}`;
}
