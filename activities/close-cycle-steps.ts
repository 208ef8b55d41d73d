/**
 * The steps of a cycle, in order. Each is one activity, idempotent by (tenant, kind, occasion, revision, step); the names are
 * those of the rows in `billing_step` and of the injected crashes of the tests.
 */
export const CLOSE_CYCLE_STEPS = ['seal', 'barrier', 'reconcile', 'rate', 'issue', 'finish'] as const;

/** The name of one step. */
export type CloseCycleStep = (typeof CLOSE_CYCLE_STEPS)[number];
