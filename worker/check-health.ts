/**
 * The health check of a worker's container: exit 0 when a worker of this host polled its task queue within the last minute and a
 * half, which it can only do while it is alive and Temporal answers; else 1, with the reason in one line.
 */
import { hostname } from 'node:os';

import { Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';

import { type Config, ConfigError, readConfig } from '../src/config.ts';

const EXIT_BAD_SETTINGS = 2;
/** Shorter than the health check's own time-out, so that the reason is still told. */
const ANSWER_MS = 4_000;
/** A poll waits up to a minute for work, and only its beginning is recorded. */
const POLLED_WITHIN_MS = 90_000;
/** `temporal.api.enums.v1.TaskQueueType.WORKFLOW` */
const WORKFLOW_QUEUE = 1;

/** @returns what is wrong, or `null` when a worker of this host polls */
async function findFault(config: Config, nowMs: number): Promise<string | null> {
  const connection = await Connection.connect({ address: config.temporalAddress, connectTimeout: ANSWER_MS });
  try {
    const { pollers } = await connection.withDeadline(nowMs + ANSWER_MS, () =>
      connection.workflowService.describeTaskQueue({
        namespace: config.temporalNamespace,
        taskQueue: { name: config.temporalTaskQueue },
        taskQueueType: WORKFLOW_QUEUE,
      }),
    );
    // The identity of a worker is `<process>@<host>`: those of other containers say nothing about this one.
    const own = (pollers ?? []).filter(({ identity }) => identity?.endsWith(`@${hostname()}`) === true);
    const lastMs = Math.max(...own.map(({ lastAccessTime }) => (lastAccessTime ? tsToMs(lastAccessTime) : 0)));
    if (nowMs - lastMs <= POLLED_WITHIN_MS) return null;
    return `no worker of ${hostname()} polls the task queue ${config.temporalTaskQueue} of ${config.temporalNamespace}`;
  } finally {
    await connection.close();
  }
}

try {
  const fault = await findFault(readConfig(process.env), Date.now());
  if (fault !== null) throw new Error(fault);
  process.stdout.write('the worker polls its task queue\n');
} catch (error) {
  process.stderr.write(`the worker is not well: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof ConfigError ? EXIT_BAD_SETTINGS : 1;
}
