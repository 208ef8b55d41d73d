import type { Exact } from '../../src/rating/exact.ts';
import type { CaseFields } from './case-fields.ts';

/** What a case selects beside its fields. */
export interface CasePolicy {
  /** Whether the flat fee of a first band is due at quantity zero. */
  readonly flatAtZero: boolean;
}

/** The engine's answer to a case: an exact number, or a list of dates. */
export type CaseAnswer = Exact | readonly string[];

/** Translates the fields of a case into a call of the engine. Throws where they say nothing that can be answered. */
export type CaseRunner = (params: CaseFields, input: CaseFields, policy: CasePolicy) => CaseAnswer;

/** Runners by the name of their model. */
export type CaseRunners = Readonly<Record<string, CaseRunner>>;

const POLICIES: Readonly<Record<string, CasePolicy>> = {
  '': { flatAtZero: false },
  'flat_at_zero=skip': { flatAtZero: false },
  'flat_at_zero=charge': { flatAtZero: true },
  // The only one there is: the day of a change belongs to the new plan.
  'change_day=new_plan': { flatAtZero: false },
};

/** Reads the policy of a case. Throws for one that the format does not know. */
export function policyOf(text: string): CasePolicy {
  const policy = Object.hasOwn(POLICIES, text) ? POLICIES[text] : undefined;
  if (policy === undefined) throw new TypeError(`there is no policy ${text}`);
  return policy;
}
