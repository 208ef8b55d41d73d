/**
 * Redis, or what stands behind it, did not do what was asked: down, loading, out of memory, too slow, or full. The outcome of
 * the events may be unknown; sending them again with the same ids is safe. HTTP: 503 with `Retry-After`.
 */
export class MeterUnavailableError extends Error {
  override readonly name = 'MeterUnavailableError';
  readonly retryAfterSeconds: number;
  /** Which store did not do its part. */
  readonly dependency: 'redis' | 'postgresql';

  constructor(
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number; dependency?: 'redis' | 'postgresql' } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1;
    this.dependency = options.dependency ?? 'redis';
  }
}

/** A Redis that must not be used for money: its settings could lose acknowledged events. Start refuses; the text says how to mend it. */
export class RedisProfileError extends Error {
  override readonly name = 'RedisProfileError';
}

/** An event was to settle a hold that its owner has given back. Nothing was applied. */
export class HoldReleasedError extends Error {
  override readonly name = 'HoldReleasedError';
}
