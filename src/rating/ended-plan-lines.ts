import type { InvoiceLine } from '../domain/invoice.ts';
import { keyOnTimeline } from './add-ons.ts';
import { cadenceFeeLines } from './cadence-fee.ts';
import { partsOfEnded } from './cadence-parts.ts';
import { cadenceQuantityLines } from './cadence-quantities.ts';
import type { EndedPlan, RatingInputs } from './inputs.ts';

/** What is settled of the fees of a plan version, or add-on, that ended where the period begins. */
export function endedPlanLines(inputs: RatingInputs, ended: EndedPlan): InvoiceLine[] {
  const parts = partsOfEnded(inputs, ended);
  return [...cadenceFeeLines(inputs, parts), ...cadenceQuantityLines(inputs, parts)].map((line) => ({
    ...line,
    key: keyOnTimeline(ended.planVersion, line.key),
  }));
}
