import { BILL_CASES } from './bill-cases.ts';
import { fractionOf } from './case-fields.ts';
import { type CaseAnswer, type CaseRunners, policyOf } from './case-runner.ts';
import { DATE_CASES } from './date-cases.ts';
import type { PricingCase } from './pricing-case.ts';
import { PRORATION_CASES } from './proration-cases.ts';
import { USAGE_CASES } from './usage-cases.ts';

const RUNNERS: CaseRunners = { ...USAGE_CASES, ...BILL_CASES, ...PRORATION_CASES, ...DATE_CASES };

/** What a case came to. */
export interface CaseResult {
  readonly isRight: boolean;
  /** As it is printed: a decimal, dates in a row, or why there is no answer. */
  readonly got: string;
}

/** Runs one case. A model that is not known and an answer that cannot be given are wrong answers. */
export function runCase(one: PricingCase): CaseResult {
  try {
    const runner = Object.hasOwn(RUNNERS, one.model) ? RUNNERS[one.model] : undefined;
    if (runner === undefined) return { isRight: false, got: 'no answer: the model is not known' };
    const answer = runner(one.params, one.input, policyOf(one.policy));
    return { isRight: isSame(answer, one.expected), got: answerText(answer) };
  } catch (error) {
    return { isRight: false, got: `no answer: ${(error as Error).message}` };
  }
}

/** An answer or an expectation as one line prints it. */
export function answerText(answer: CaseAnswer | string): string {
  if (typeof answer === 'string') return answer;
  return 'text' in answer ? answer.text : JSON.stringify(answer);
}

/** Numbers by value, lists by their strings in order. */
function isSame(answer: CaseAnswer, expected: PricingCase['expected']): boolean {
  if ('text' in answer) return typeof expected === 'string' && fractionOf(expected, 'expected').equals(answer);
  return typeof expected !== 'string' && JSON.stringify(expected) === JSON.stringify(answer);
}
