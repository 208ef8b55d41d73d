import { randomUUID } from 'node:crypto';

import { activityInfo } from '@temporalio/activity';
import {
  Client,
  Connection,
  type WorkflowHandleWithFirstExecutionRunId,
  WorkflowNotFoundError,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import { inject } from 'vitest';

import { createTemporalNamespace } from './temporal-namespace.ts';

/**
 * One worker with the real workflows for all tests of a file, in a namespace of its own. To start one takes seconds, so tests share it
 * and cannot meet: each workflow has activities of its own.
 */
export interface WorkflowWorld {
  readonly client: Client;
  readonly namespace: string;
  /** Starts a workflow. `activities` are fakes of what it calls, found again by its id whatever run calls. */
  start<W extends Workflow>(workflow: W, order: WorkflowOrder<W>): Promise<WorkflowHandleWithFirstExecutionRunId<W>>;
  /** Ends every workflow that was started here and still runs. */
  terminateAll(): Promise<void>;
  close(): Promise<void>;
}

interface WorkflowOrder<W extends Workflow> {
  readonly workflowId: string;
  readonly args: Parameters<W>;
  readonly activities: object;
}

/** Recorded histories name nobody's machine. */
const IDENTITY = 'recorder';
/** How long activities may go on when the worker stops; then they are cancelled. */
const SHUTDOWN_GRACE = '1 second';
/** A worker that has not ended by then never will; less than the time that vitest gives a hook. */
const SHUTDOWN_WAIT_MS = 45_000;

let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** The workflows as the worker runs them, bundled once for each test file. */
export function workflowBundle(): ReturnType<typeof bundleWorkflowCode> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: new URL('../../workflows/index.ts', import.meta.url).pathname,
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/** Starts the worker on the run's Temporal server: in `beforeAll`. */
export async function startWorkflowWorld(): Promise<WorkflowWorld> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = inject('temporalAddress');
  const taskQueue = `test-${randomUUID()}`;
  const [namespace, workflows, connection, native] = await Promise.all([
    createTemporalNamespace(),
    workflowBundle(),
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const activitiesById = new Map<string, object>();
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowBundle: workflows,
    activities: { default: (...args: unknown[]) => callActivity(activitiesById, args) },
    identity: IDENTITY,
    shutdownGraceTime: SHUTDOWN_GRACE,
  });
  const ended = worker.run().then(
    () => null,
    (error: unknown) => ({ error }),
  );
  const client = new Client({ connection, namespace, identity: IDENTITY });
  const terminateAll = async (): Promise<void> => {
    await Promise.all([...activitiesById.keys()].map((workflowId) => terminate(client, workflowId)));
    activitiesById.clear();
  };
  return {
    client,
    namespace,
    start: <W extends Workflow>(workflow: W, { activities, ...order }: WorkflowOrder<W>) => {
      activitiesById.set(order.workflowId, activities);
      // The client's own type asks whether a workflow has arguments, which says nothing of a workflow in general.
      const options = { ...order, taskQueue } as unknown as WorkflowStartOptions<W>;
      return client.workflow.start(workflow, options);
    },
    terminateAll,
    close: async () => {
      await terminateAll();
      worker.shutdown();
      await waitForEnd(ended);
      await Promise.all([connection.close(), native.close()]);
    },
  };
}

/** Calls the fake that the workflow's test gave it under the name that the workflow asks for. */
async function callActivity(activitiesById: ReadonlyMap<string, object>, args: readonly unknown[]): Promise<unknown> {
  const { activityType, workflowExecution } = activityInfo();
  const activities = activitiesById.get(workflowExecution?.workflowId ?? '') as Activities | undefined;
  const activity = activities?.[activityType];
  if (activity === undefined) throw ApplicationFailure.nonRetryable(`no test gives an activity ${activityType}`);
  return activity(...args);
}

type Activities = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

/** A workflow that has ended by itself is what most tests leave. */
async function terminate(client: Client, workflowId: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).terminate('end of the test');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** No force: a worker that is forced to end throws from a timer, which fails whatever test is running then. */
async function waitForEnd(ended: Promise<{ readonly error: unknown } | null>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the worker did not end within ${SHUTDOWN_WAIT_MS} ms`)),
      SHUTDOWN_WAIT_MS,
    );
  });
  try {
    const fault = await Promise.race([ended, late]);
    if (fault !== null) throw fault.error;
  } finally {
    clearTimeout(timer);
  }
}
