import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** Ticks that come until they are stopped. */
export interface Ticks {
  readonly stop: () => void;
}

/**
 * Calls `onTick` every `tickMs`, within about 0.1 ms of it. Node's own timers are a millisecond apart and late by up to one; a thread
 * that waits by itself is neither, and leaves the event loop free to read answers meanwhile.
 */
export function startTicks(tickMs: number, onTick: () => void): Ticks {
  const thread = new Worker(fileURLToPath(new URL('./tick-thread.ts', import.meta.url)), { workerData: { tickMs } });
  thread.on('message', onTick);
  thread.once('error', (error) => {
    throw error;
  });
  return { stop: () => void thread.terminate() };
}
