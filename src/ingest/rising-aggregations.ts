import type { Aggregation } from '../domain/meter.ts';

/**
 * Aggregations of which Redis keeps one number that only rises within a period. Limits, thresholds and costs of the moment rest on it; a
 * latest value falls again, and of distinct values there is no number here.
 */
export const RISING_AGGREGATIONS: ReadonlySet<Aggregation> = new Set<Aggregation>(['count', 'sum', 'max']);
