import type { Charge } from '../domain/plan.ts';
import { rulesOf } from './models/index.ts';
import type { UsageReading } from './models/model.ts';

/** What a charge needs to know of usage: what its model reads, and a part for each value of the dimension that it groups by. */
export function readingOf({ price, groupBy }: Charge): UsageReading {
  const reading = rulesOf(price).reading(price);
  if (groupBy === undefined) return reading;
  const { dimensions, bucket } = reading.reads === 'parts' ? reading : { dimensions: [], bucket: null };
  return { reads: 'parts', dimensions: [...new Set([groupBy, ...dimensions])].toSorted(), bucket };
}
