/** Lengths a billing period can have. The short ones serve trials and tests. */
export type PeriodLength = 'year' | 'month' | 'week' | 'day' | 'hour' | 'minute';
