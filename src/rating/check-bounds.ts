import type { Charge, Commitment } from '../domain/plan.ts';
import { checkAmount } from './check-decimal.ts';
import { exact } from './exact.ts';
import type { Problem } from './problem.ts';

/** What is wrong with a promise to spend. */
export function checkCommitment(commitment: Commitment | undefined, path: string): Problem[] {
  if (commitment === undefined) return [];
  return [
    ...checkAmount(commitment.amount, `${path}.amount`),
    ...checkAmount(commitment.overageFactor, `${path}.overageFactor`),
  ];
}

/** What is wrong with a minimum and a maximum; `path` is that of what has them, empty for the plan itself. */
export function checkBounds({ minimum, maximum }: Pick<Charge, 'minimum' | 'maximum'>, path: string): Problem[] {
  const at = (field: string): string => (path === '' ? field : `${path}.${field}`);
  const problems = [
    ...(minimum === undefined ? [] : checkAmount(minimum, at('minimum'))),
    ...(maximum === undefined ? [] : checkAmount(maximum, at('maximum'))),
  ];
  if (problems.length > 0 || minimum === undefined || maximum === undefined) return problems;
  if (!exact(minimum).isAbove(exact(maximum))) return [];
  return [{ path: at('maximum'), message: `${maximum} is below the minimum of ${minimum}` }];
}
