import type { PeriodLength } from './period-length.ts';
import type { PlanVersion } from './plan.ts';

/** Every cadence that fees of a plan have of their own, each once: that of the base fee, then those of fixed quantities. */
export function cadencesOf({
  baseFeeEvery,
  fixedQuantities = [],
}: Pick<PlanVersion, 'baseFeeEvery' | 'fixedQuantities'>): readonly PeriodLength[] {
  const all = [baseFeeEvery, ...fixedQuantities.map(({ every }) => every)];
  return [...new Set(all.filter((every) => every !== undefined))];
}
