import { exact, ZERO } from '../../../src/rating/exact.ts';
import type { BillableUsage } from '../../../src/rating/models/model.ts';

/** Usage for one model: a quantity, and what else the test is about. */
export function usageOf(quantity: string, changes: Partial<BillableUsage> = {}): BillableUsage {
  return { quantity: exact(quantity), freeUnits: ZERO, parts: [], amounts: [], ...changes };
}
