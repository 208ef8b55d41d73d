import { Redis } from 'ioredis';

import { MeterUnavailableError } from './meter-errors.ts';
import { within } from './within.ts';

/** A call that Redis has not answered by then is given up; its outcome is unknown, and dedup makes a repeat safe. */
export const COMMAND_TIMEOUT_MS = 2_000;
/** Behind the driver's own time-out, which tells more. */
const ANSWER_TIMEOUT_MS = COMMAND_TIMEOUT_MS + 500;
const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_PAUSE_MAX_MS = 1_000;
const RECONNECT_PAUSE_STEP_MS = 50;
/** The driver's own words for a Redis that is away mean nothing to the sender of an event. */
const NO_CONNECTION =
  /^(?:Reached the max retries|Stream isn't writeable|Connection is closed|Socket closed|Command timed out)/;

/**
 * Opens the hot path's connection. It never queues while Redis is away and never sends a command twice: ioredis would then
 * answer OK for what ran two times, or never answer at all.
 */
export function openMeterRedis(redisUrl: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(redisUrl, {
    enableAutoPipelining: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A lost connection fails what waits on it at once: it will never be answered, and its sender can send again.
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * RECONNECT_PAUSE_STEP_MS, RECONNECT_PAUSE_MAX_MS),
  });
  redis.on('error', onError);
  return redis;
}

/**
 * Awaits a Redis call and turns every failure into `MeterUnavailableError`: OOM, MISCONF, LOADING, READONLY, BUSY, CLUSTERDOWN,
 * a closed connection, no answer. The deadline is our own, because a promise of ioredis may never settle.
 */
export async function askRedis<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await within(ANSWER_TIMEOUT_MS, call(), noAnswer);
  } catch (error) {
    if (error instanceof MeterUnavailableError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = NO_CONNECTION.test(reason) ? 'Redis does not answer' : `Redis did not do what was asked: ${reason}`;
    throw new MeterUnavailableError(message, { cause: error });
  }
}

function noAnswer(): Error {
  return new MeterUnavailableError(`Redis did not answer within ${ANSWER_TIMEOUT_MS} ms`);
}
