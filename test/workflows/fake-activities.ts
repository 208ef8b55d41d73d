import type { BillingActivities, CycleActivities, OpenPeriod, TenantActivities } from '../../activities/answers.ts';

/** Activities that succeed at once, each of which a test may replace; `calls` keeps their names in order. */
export interface FakeActivities extends BillingActivities {
  readonly calls: string[];
}

const PERIOD_START = '2026-01-01T00:00:00Z';

export const CYCLE_INPUT = {
  tenant: 'acme',
  periodStart: PERIOD_START,
  periodEnd: '2026-02-01T00:00:00Z',
  revision: 0,
  planKey: 'basic',
  sealAtMs: 0,
};

export function openPeriod(closeAtMs: number, change: Partial<OpenPeriod> = {}): OpenPeriod {
  return {
    status: 'open',
    periodStart: PERIOD_START,
    periodEnd: '2026-02-01T00:00:00Z',
    closeAtMs,
    plan: { key: 'basic', version: 1, name: 'Basic' },
    paused: false,
    lastCheckpoint: null,
    nextCheckpointMs: null,
    ...change,
  };
}

const tenantAnswers: TenantActivities = {
  openPeriod: async () => ({ status: 'ended' }),
  flushCheckpoint: async () => ({
    at: '2026-01-15T00:00:00Z',
    usage: [{ meter: 'calls', unit: 'call', quantity: '12' }],
    spend: '1.20 USD',
    nextAtMs: null,
  }),
  startCycle: async ({ tenant, periodStart }) => ({
    status: 'started',
    workflowId: `close-cycle/${tenant}/${periodStart}`,
  }),
  setPaused: async ({ paused }) => ({ paused }),
  changePlan: async ({ plan, version, commandedAt }) => ({
    plan: { key: plan, version: version ?? 1, name: plan },
    at: commandedAt,
    unchanged: false,
  }),
  recordAlerts: async () => ({ alerts: [] }),
};

const cycleAnswers: CycleActivities = {
  sealPeriod: async () => ({
    status: 'sealed',
    gateVersion: '2',
    fence: { shard: 0, epoch: '1', sequence: '10' },
  }),
  passBarrier: async () => ({ position: '1-10' }),
  reconcileUsage: async () => ({ compared: 3, holdReasons: [], repairs: [] }),
  rateCycle: async () => ({
    status: 'rated',
    invoiceId: 'inv_a',
    contentDigest: '00',
    total: '1.20 USD',
    lineCount: 1,
    holdReasons: [],
    decision: null,
  }),
  decideHold: async ({ decision }) => ({ decision }),
  issueCycle: async () => ({
    invoiceId: 'inv_a',
    number: 'INV-000001',
    issuedAt: '2026-02-01T00:00:00Z',
    dueAt: '2026-02-15T00:00:00Z',
    contentDigest: '00',
  }),
  finishCycle: async () => ({ stripe: 'not configured' }),
};

export function fakeActivities(replaced: Partial<BillingActivities> = {}): FakeActivities {
  const calls: string[] = [];
  const answers = { ...tenantAnswers, ...cycleAnswers, ...replaced };
  const recorded = Object.entries(answers).map(([name, answer]) => [
    name,
    async (order: never) => {
      calls.push(name);
      return answer(order);
    },
  ]);
  return Object.assign(Object.fromEntries(recorded) as BillingActivities, { calls });
}
