import type { BillingStep } from '../src/ledger/billing-steps.ts';
import type { CycleRef } from './answers.ts';
import type { CloseCycleStep } from './close-cycle-steps.ts';

/** Under which a step of a cycle is kept: `decide` is a person's word on a held one, the others are activities. */
export function stepKey({ tenant, periodStart, revision }: CycleRef, step: CloseCycleStep | 'decide'): BillingStep {
  return { tenant, occasion: periodStart, revision, step };
}
