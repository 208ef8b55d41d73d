import type { PlanVersion } from '../domain/plan.ts';

/** What is wrong with a plan that is, or was, an add-on: `{path: 'limits', message: '…'}`. */
export interface AddOnProblem {
  readonly path: string;
  readonly message: string;
}

const OF_PLANS_ALONE = ['alerts', 'boundsCover', 'commitment', 'minimum', 'maximum'] as const;

/**
 * That a plan stays what it is, since tenants hold it as that; and that an add-on asks for nothing that is the matter of the plan beside it.
 *
 * @param stored any earlier version
 */
export function checkAddOn(plan: PlanVersion, stored: PlanVersion | undefined): readonly AddOnProblem[] {
  const problems: AddOnProblem[] = [];
  if (stored !== undefined && stored.addOn !== plan.addOn) {
    const is = stored.addOn === true ? 'an add-on' : 'no add-on';
    const message = `${plan.key} is ${is} since version 1 and cannot change: define a plan with another key`;
    problems.push({ path: 'addOn', message });
  }
  if (plan.addOn !== true) return problems;
  const isGiven = (field: (typeof OF_PLANS_ALONE)[number]): boolean => plan[field] !== undefined;
  for (const path of [...(plan.limits.length > 0 ? ['limits'] : []), ...OF_PLANS_ALONE.filter(isGiven)]) {
    problems.push({ path, message: 'an add-on has none of its own: leave it out, or write it in the plan beside it' });
  }
  if (plan.baseFeeDue === 'advance' && plan.baseFeeEvery === undefined) {
    const message = 'the base fee of an add-on is on the bill of its own period: leave it out, or add baseFeeEvery';
    problems.push({ path: 'baseFeeDue', message });
  }
  return problems;
}
