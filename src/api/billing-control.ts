import type { InstantText } from '../domain/instant.ts';
import type { JsonObject } from '../domain/event.ts';

/** Who commands, why, and under which id: the same id is the same command, however often it is sent. */
export interface BillingCommand {
  readonly actor: string;
  readonly reason: string;
  readonly requestId: string;
}

/** Which cycle is meant: the newest revision that runs for this period. */
export interface CycleName {
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly revision: number;
}

/** What a person may command of a tenant's billing. */
export type TenantCommand = 'pause' | 'resume' | 'flushNow';
/** What a person may command of one cycle. */
export type CycleCommand = 'closeNow' | 'approve' | 'reject';

/**
 * The billing workflows as the API needs them. Commands answer what the workflow answers, and throw `ApiError`: 404 when there is
 * no such workflow, 409 when it refuses, 503 when nobody answers in time.
 */
export interface BillingControl {
  /** Starts a tenant's billing. Idempotent; the worker's sweep does it too, so a failure is not the end of it. */
  start(tenant: string): Promise<void>;
  /** Tells a tenant's billing to look again. Best effort: one that does not run finds out by itself. */
  poke(tenant: string): Promise<void>;
  /** Tells a tenant's billing that its open period may end at another instant. Best effort, as a poke. */
  calendarChanged(tenant: string): Promise<void>;
  commandTenant(tenant: string, name: TenantCommand, command: BillingCommand): Promise<JsonObject>;
  commandCycle(cycle: CycleName, name: CycleCommand, command: BillingCommand): Promise<JsonObject>;
}
