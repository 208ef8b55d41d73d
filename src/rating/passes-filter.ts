import type { Charge } from '../domain/plan.ts';

/** Whether usage of these values of dimensions is among what a charge prices. A dimension that is not there passes no filter on it. */
export function passesFilter(
  { filter = {} }: Pick<Charge, 'filter'>,
  values: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(filter).every(([dimension, allowed]) => allowed.some((value) => value === values[dimension]));
}
