import { createHash } from 'node:crypto';

import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';

import * as messages from '../../workflows/messages.ts';
import type { JsonObject } from '../domain/event.ts';
import { ApiError, notFound } from './api-error.ts';
import type { BillingCommand, BillingControl, CycleCommand, TenantCommand } from './billing-control.ts';

/** A command that no worker has answered by then is a 503; its id makes sending it again safe. */
const COMMAND_TIMEOUT_MS = 10_000;
/** A poke is for a fresher table: nobody waits long for it while Temporal is away. */
const POKE_TIMEOUT_MS = 1_000;

/** The billing workflows through the Temporal client. */
export function createTemporalControl(client: Client, taskQueue: string): BillingControl {
  const withinTime = <T>(work: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + COMMAND_TIMEOUT_MS, work);

  const start = async (tenant: string): Promise<void> => {
    try {
      const input: messages.TenantBillingInput = { tenant };
      await withinTime(() =>
        client.workflow.start(messages.TENANT_BILLING, {
          workflowId: messages.tenantBillingId(tenant),
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };

  const send = (workflowId: string, name: TenantCommand | CycleCommand, command: BillingCommand) =>
    withinTime(() => sendUpdate(client, workflowId, name, command));

  const signal = async (tenant: string, meant: SignalDefinition): Promise<void> => {
    const handle = client.workflow.getHandle(messages.tenantBillingId(tenant));
    const deadline = Date.now() + POKE_TIMEOUT_MS;
    await client.connection
      .withDeadline(deadline, () => handle.signal(meant))
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
  };

  return {
    start,
    poke: (tenant) => signal(tenant, messages.poke),
    // A checkpoint brings the end of its period with it, at once and also for a busy or paused tenant.
    calendarChanged: (tenant) => signal(tenant, messages.flushNowSignal),
    commandTenant: async (tenant, name, command) => {
      const workflowId = messages.tenantBillingId(tenant);
      const answer = await send(workflowId, name, command);
      if (answer !== undefined) return answer;
      // Not started yet (Temporal was away when the tenant was made), or ended: then it answers so itself.
      await start(tenant);
      const second = await send(workflowId, name, command);
      if (second !== undefined) return second;
      throw refused(`billing of tenant ${tenant} has ended`);
    },
    commandCycle: async ({ tenant, periodStart, revision }, name, command) => {
      const answer = await send(messages.closeCycleId(tenant, periodStart, revision), name, command);
      if (answer !== undefined) return answer;
      throw notFound('cycle_ended', `the cycle of ${tenant} for ${periodStart} does not run any more`);
    },
  };
}

/** `undefined`: there is no such running workflow. */
async function sendUpdate(
  client: Client,
  workflowId: string,
  name: TenantCommand | CycleCommand,
  { actor, reason, requestId }: BillingCommand,
): Promise<JsonObject | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  // An update id is kept in the workflow's history: a digest says as much as the key that it was made from, and no more.
  const updateId = createHash('sha256').update(`${name}/${requestId}`).digest('hex');
  try {
    // `flushNow` takes no argument and passes over this one: nobody's reason is needed to look.
    return await handle.executeUpdate<JsonObject, [messages.Command]>(name, { args: [{ actor, reason }], updateId });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (error instanceof WorkflowUpdateFailedError) throw refused(reasonOf(error), error);
    throw error;
  }
}

function reasonOf(error: WorkflowUpdateFailedError): string {
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

function refused(message: string, cause?: unknown): ApiError {
  const error = new ApiError({ status: 409, code: 'refused', message });
  error.cause = cause;
  return error;
}
