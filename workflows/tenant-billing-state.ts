import type { Checkpoint, PlanName } from '../activities/answers.ts';
import { instantOfMs } from './details.ts';
import type { TenantBillingState } from './messages.ts';

/** A run that knows nothing yet. */
export function initialState(tenant: string): TenantBillingState {
  return {
    tenant,
    stage: 'starting',
    periodStart: null,
    periodEnd: null,
    plan: null,
    paused: false,
    usage: [],
    spend: null,
    alerts: [],
    lastCheckpointAt: null,
    nextCheckpointAt: null,
    waitingFor: null,
    problem: null,
    refusedSignals: [],
  };
}

/** What a checkpoint changes in the state. */
export function checkpointView(checkpoint: Checkpoint): Partial<TenantBillingState> {
  return {
    usage: checkpoint.usage,
    spend: checkpoint.spend,
    ...(checkpoint.plan === undefined ? {} : { plan: planText(checkpoint.plan) }),
    ...(checkpoint.end === undefined ? {} : { periodEnd: checkpoint.end.periodEnd }),
    ...(checkpoint.alerts === undefined ? {} : { alerts: checkpoint.alerts }),
    lastCheckpointAt: checkpoint.at,
    nextCheckpointAt: textOrNull(checkpoint.nextAtMs),
  };
}

/** A plan version for people. */
export function planText(plan: PlanName | null): string | null {
  return plan === null ? null : `${plan.name} (${plan.key} version ${plan.version})`;
}

/** An instant of the workflow's clock as text. */
export function textOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : instantOfMs(epochMs);
}
