/** The thread behind `ticks.ts`: says each tick to its parent, until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';

const { tickMs } = workerData as { readonly tickMs: number };
const pause = new Int32Array(new SharedArrayBuffer(4));

for (let dueAt = performance.now() + tickMs; ; dueAt += tickMs) {
  const waitMs = dueAt - performance.now();
  if (waitMs > 0) Atomics.wait(pause, 0, 0, waitMs);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage(null);
}
