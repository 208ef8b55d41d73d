import { createHash } from 'node:crypto';

const SPREAD_MAX_MS = 600_000;
/** The spread takes at most this part of a period, so that a day is never closed noticeably late. */
const SPREAD_DIVISOR = 200;
/** Shorter periods serve trials and tests, where a person waits for the bill. */
const SPREAD_PERIOD_MIN_MS = 3_600_000;

/**
 * A tenant's share of the spread: how long after a boundary its work is done, always the same for a tenant. Boundaries stay
 * exact; only the processing is spread, so that a month's end does not start everybody at once.
 */
export function spreadMs(tenant: string, periodMs: number): number {
  if (periodMs < SPREAD_PERIOD_MIN_MS) return 0;
  const boundMs = Math.min(SPREAD_MAX_MS, Math.floor(periodMs / SPREAD_DIVISOR));
  return createHash('sha256').update(tenant, 'utf8').digest().readUInt32BE(0) % boundMs;
}

const CHECKPOINTS_PER_PERIOD = 30;
const CHECKPOINT_INTERVAL_MIN_MS = 15_000;
const CHECKPOINT_INTERVAL_MAX_MS = 86_400_000;

/** How often a busy tenant is checkpointed: daily in a month, every two minutes in an hour. */
export function checkpointIntervalMs(periodMs: number): number {
  const even = Math.floor(periodMs / CHECKPOINTS_PER_PERIOD);
  return Math.min(Math.max(even, CHECKPOINT_INTERVAL_MIN_MS), CHECKPOINT_INTERVAL_MAX_MS);
}
