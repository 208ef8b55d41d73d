import { randomUUID } from 'node:crypto';

import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import { inject } from 'vitest';

import { createTemporalNamespace } from './temporal-namespace.ts';

/** A worker with the real workflows and the activities that a test gives it, in a namespace of its own. */
export interface WorkflowWorld {
  readonly client: Client;
  readonly taskQueue: string;
  readonly namespace: string;
  close(): Promise<void>;
}

/** Recorded histories name nobody's machine. */
const IDENTITY = 'recorder';

let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** The workflows as the worker runs them, bundled once for each test file. */
export function workflowBundle(): ReturnType<typeof bundleWorkflowCode> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: new URL('../../workflows/index.ts', import.meta.url).pathname,
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/** Starts a worker on the run's Temporal server. `activities` are fakes of what the workflow under test calls. */
export async function startWorkflowWorld(activities: object): Promise<WorkflowWorld> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = inject('temporalAddress');
  const taskQueue = `test-${randomUUID()}`;
  const [namespace, workflows, connection, native] = await Promise.all([
    createTemporalNamespace(),
    workflowBundle(),
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowBundle: workflows,
    activities,
    identity: IDENTITY,
    shutdownGraceTime: '1 second',
    shutdownForceTime: '5 seconds',
  });
  const running = worker.run();
  return {
    client: new Client({ connection, namespace, identity: IDENTITY }),
    taskQueue,
    namespace,
    close: async () => {
      worker.shutdown();
      await running;
      await Promise.all([connection.close(), native.close()]);
    },
  };
}
