import type { Aggregation, Meter } from '../domain/meter.ts';
import type { Charge, PlanVersion, TimeBucket } from '../domain/plan.ts';
import { isPriceModel } from './models/index.ts';
import { readingOf } from './reading-of.ts';

/** What one charge wants to know of usage, for whoever sums it. */
export interface PlanReading {
  /** The key of the charge. */
  readonly charge: string;
  readonly meter: string;
  readonly aggregation: Aggregation;
  /** Whether it is value × seconds that is billed. */
  readonly isTimeWeighted: boolean;
  readonly filter: Readonly<Record<string, readonly string[]>>;
  readonly reads: 'quantity' | 'parts' | 'events';
  readonly dimensions: readonly string[];
  readonly bucket: TimeBucket | null;
}

/** What the charges of a plan want to know. One that rating will refuse (no such meter, no such model) wants nothing. */
export function planReadings(
  { charges }: Pick<PlanVersion, 'charges'>,
  meters: ReadonlyMap<string, Meter>,
): readonly PlanReading[] {
  return charges.flatMap((charge) => {
    const meter = meters.get(charge.meter);
    return meter === undefined || !isPriceModel(charge.price.model) ? [] : [planReading(charge, meter)];
  });
}

function planReading(charge: Charge, { key: meter, aggregation, timeWeighted }: Meter): PlanReading {
  const reading = readingOf(charge);
  const { dimensions, bucket } = reading.reads === 'parts' ? reading : { dimensions: [], bucket: null };
  const { key, filter = {} } = charge;
  const isTimeWeighted = timeWeighted === true;
  return { charge: key, meter, aggregation, isTimeWeighted, filter, reads: reading.reads, dimensions, bucket };
}

/** True where the running number of the meter is all that the charge wants to know. */
export function readsMeterAlone({ reads, filter, isTimeWeighted }: PlanReading): boolean {
  return reads === 'quantity' && Object.keys(filter).length === 0 && !isTimeWeighted;
}
