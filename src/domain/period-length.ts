/** Lengths a billing period can have, the longest first. The short ones serve trials and tests. */
export const PERIOD_LENGTHS = ['year', 'month', 'week', 'day', 'hour', 'minute'] as const;

/** How long one billing period is. */
export type PeriodLength = (typeof PERIOD_LENGTHS)[number];
