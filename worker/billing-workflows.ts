import {
  type Client,
  type WorkflowStartOptions,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common';

import type { BillingWorkflows, CycleStart } from '../activities/billing-deps.ts';
import {
  CLOSE_CYCLE,
  DRAIN_JOURNAL,
  drainJournalId,
  TENANT_BILLING,
  tenantBillingId,
} from '../src/domain/workflow-names.ts';
import { type CloseCycleInput, type DrainJournalInput, poke, type TenantBillingInput } from '../workflows/messages.ts';
import { CYCLE_STAGE, PERIOD_START, PLAN_KEY, REVISION, TENANT_ID } from '../workflows/search-attributes.ts';

const CALL_TIMEOUT_MS = 10_000;

/** Starting and poking workflows, for activities and the sweep. */
export interface WorkflowStarter extends BillingWorkflows {
  /** Starts a tenant's billing. One that runs counts as started. */
  startTenantBilling(tenant: string): Promise<void>;
  /** Starts the draining of a shard. One that runs counts as started. */
  startDrain(shard: number): Promise<void>;
}

type Start = Pick<WorkflowStartOptions, 'workflowId' | 'args' | 'workflowIdReusePolicy' | 'typedSearchAttributes'>;

/** Makes the starter. `onPokeFailure` is told what a poke could not reach: a sweep makes up for it. */
export function createWorkflowStarter(
  client: Client,
  taskQueue: string,
  onPokeFailure: (workflowId: string, error: unknown) => void,
): WorkflowStarter {
  const start = async (type: string, options: Start): Promise<void> => {
    try {
      await client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
        client.workflow.start(type, { ...options, taskQueue, workflowIdConflictPolicy: 'USE_EXISTING' }),
      );
    } catch (error) {
      // A cycle that has ended already is what a repeated start wants to hear.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
  return {
    startCycle: (workflowId, cycle) => {
      const input: CloseCycleInput = cycle;
      const typedSearchAttributes = cycleAttributes(cycle);
      return start(CLOSE_CYCLE, {
        workflowId,
        args: [input],
        typedSearchAttributes,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      });
    },
    startTenantBilling: (tenant) => {
      const input: TenantBillingInput = { tenant };
      return start(TENANT_BILLING, { workflowId: tenantBillingId(tenant), args: [input] });
    },
    startDrain: (shard) => {
      const input: DrainJournalInput = { shard };
      return start(DRAIN_JOURNAL, { workflowId: drainJournalId(shard), args: [input] });
    },
    poke: async (workflowId) => {
      try {
        await client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
          client.workflow.getHandle(workflowId).signal(poke),
        );
      } catch (error) {
        // Nobody there to be poked is the common case: the next cycle was not started yet.
        if (!(error instanceof WorkflowNotFoundError)) onPokeFailure(workflowId, error);
      }
    },
  };
}

/** Set at the start they cost nothing; each later change costs an event. */
function cycleAttributes({ tenant, periodStart, revision, planKey }: CycleStart): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [
    { key: TENANT_ID, value: tenant },
    { key: PERIOD_START, value: new Date(periodStart) },
    { key: CYCLE_STAGE, value: 'closing' },
    { key: REVISION, value: revision },
  ];
  if (planKey !== null) pairs.push({ key: PLAN_KEY, value: planKey });
  return new TypedSearchAttributes(pairs);
}
