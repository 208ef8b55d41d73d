import type { LineStep } from '../../domain/invoice.ts';
import { stepsSentence } from '../../domain/steps-sentence.ts';
import { Exact, ZERO } from '../exact.ts';
import { lineStep, spoken } from '../sentences.ts';
import type { PricedQuantity } from './model.ts';

/** Amounts that were priced apart, put together with their steps. */

/** The sum of what is given, with all of its steps. */
export function added(priced: readonly PricedQuantity[]): PricedQuantity {
  return { amount: Exact.sum(priced.map(({ amount }) => amount)), steps: priced.flatMap(({ steps }) => steps) };
}

/** What one step alone comes to. */
export function pricedStep(step: string, sentence: string, amount: Exact): PricedQuantity {
  return { amount, steps: [lineStep(step, sentence, amount)] };
}

/** The steps end with what they add up to, where more than one of them adds something. */
export function withSum({ amount, steps }: PricedQuantity): PricedQuantity {
  const parts = steps.filter((step) => step.step !== 'sum');
  if (parts.filter((step) => step.amount !== '0').length < 2) return { amount, steps: parts };
  return { amount, steps: [...parts, lineStep('sum', `together ${spoken(amount)}`, amount)] };
}

/** A part of usage, priced by itself. */
export interface PricedPart extends PricedQuantity {
  /** `region eu`, `2026-11-01T00:00:00Z`. */
  readonly name: string;
  /** So many parts came to the same; left out: this one alone. */
  readonly times?: number;
}

/** More steps than this nobody reads, and a line is stored and hashed with all of them. */
const PART_STEPS_MAX = 50;

/**
 * Parts of usage, added: one step for each, and one for all behind the fiftieth, so that a month of hours stays readable. The steps
 * add up to the amount.
 *
 * @param noun what parts are, as in `694 more hours`
 */
export function addedParts(parts: readonly PricedPart[], noun: string): PricedQuantity {
  if (parts.length === 0) return pricedStep('parts', 'no usage = 0', ZERO);
  const amount = Exact.sum(parts.map(wholeOf));
  const steps = parts.slice(0, PART_STEPS_MAX).map(partStep);
  const rest = parts.slice(PART_STEPS_MAX);
  return { amount, steps: rest.length === 0 ? steps : [...steps, restStep(rest, noun)] };
}

function wholeOf({ amount, times = 1 }: PricedPart): Exact {
  return amount.times(Exact.of(BigInt(times)));
}

function partStep(part: PricedPart): LineStep {
  const sentence = stepsSentence(withSum(part).steps);
  const whole = wholeOf(part);
  if (part.times === undefined) return lineStep('part', `${part.name}: ${sentence}`, whole);
  return lineStep('part', `${part.name} of ${sentence}: ${spoken(whole)}`, whole);
}

function restStep(parts: readonly PricedPart[], noun: string): LineStep {
  const count = parts.reduce((sum, { times = 1 }) => sum + times, 0);
  const amount = Exact.sum(parts.map(wholeOf));
  return lineStep('more_parts', `${spoken(Exact.of(BigInt(count)))} more ${noun}: ${spoken(amount)}`, amount);
}
