import { randomUUID } from 'node:crypto';

import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { BillingActivities } from '../../activities/answers.ts';
import { tenantBillingDetails } from '../../workflows/details.ts';
import { drainJournal, tenantBilling } from '../../workflows/index.ts';
import * as messages from '../../workflows/messages.ts';
import type { TenantBillingInput } from '../../workflows/messages.ts';
import { eventually } from '../support/api-calls.ts';
import { startWorkflowWorld, type WorkflowWorld } from '../support/workflow-worker.ts';
import { fakeActivities, openPeriod } from './fake-activities.ts';

const HOUR_MS = 3_600_000;
const WAIT_MS = 60_000;
const OPERATOR = { actor: 'ada', reason: 'asked by the customer' };

let world: WorkflowWorld;
beforeAll(async () => {
  world = await startWorkflowWorld();
});
afterEach(() => world.terminateAll());
afterAll(() => world.close());

async function startBilling(replaced: Partial<BillingActivities>, input: Partial<TenantBillingInput> = {}) {
  const activities = fakeActivities(replaced);
  const handle = await world.start(tenantBilling, {
    workflowId: `tenant-billing/${randomUUID()}`,
    args: [{ tenant: 'acme', ...input }],
    activities,
  });
  return { handle, calls: activities.calls };
}

type Handle = Awaited<ReturnType<typeof startBilling>>['handle'];

async function reach(
  handle: Handle,
  isReached: (state: messages.TenantBillingState) => boolean,
): Promise<messages.TenantBillingState> {
  return eventually(
    async () => {
      const state = await handle.query(messages.tenantBillingState);
      return isReached(state) ? state : undefined;
    },
    WAIT_MS,
    'the state',
  );
}

/** Periods that are all over, then the end: each is opened only after the cycle of the one before was started. */
function endedPeriods(count: number, change: Parameters<typeof openPeriod>[1] = {}) {
  const started: string[] = [];
  const openNext: BillingActivities['openPeriod'] = async () =>
    started.length === count
      ? { status: 'ended' }
      : openPeriod(0, { periodStart: `2026-0${started.length + 1}-01T00:00:00Z`, ...change });
  const startCycle: BillingActivities['startCycle'] = async ({ periodStart }) => {
    started.push(periodStart);
    return { status: 'started', workflowId: `close-cycle/acme/${periodStart}` };
  };
  return { started, activities: { openPeriod: openNext, startCycle } };
}

test('periods that are already over are closed one after another, in order, and then the billing ends', async () => {
  const periods = endedPeriods(3);
  const { handle } = await startBilling(periods.activities);
  await handle.result();
  expect(periods.started).toEqual(['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z']);
});

test('an idle tenant costs no checkpoint, and the first poke brings one', async () => {
  const { handle, calls } = await startBilling({ openPeriod: async () => openPeriod(Date.now() + HOUR_MS) });
  await reach(handle, ({ stage }) => stage === 'open');
  expect(calls).toEqual(['openPeriod']);
  await handle.signal(messages.poke);
  const state = await reach(handle, ({ lastCheckpointAt }) => lastCheckpointAt !== null);
  expect(state.usage).toEqual([{ meter: 'calls', unit: 'call', quantity: '12' }]);
  expect(state.spend).toBe('1.20 USD');
  expect(calls).toEqual(['openPeriod', 'flushCheckpoint']);
});

test('a busy tenant is checkpointed again when the last checkpoint said so', async () => {
  let flushes = 0;
  const { calls } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS, { nextCheckpointMs: Date.now() }),
    flushCheckpoint: async () => {
      flushes += 1;
      return { at: '2026-01-15T00:00:00Z', usage: [], spend: null, nextAtMs: flushes < 3 ? Date.now() : null };
    },
  });
  await eventually(async () => (flushes === 3 ? true : undefined), WAIT_MS, 'three checkpoints');
  expect(calls).toEqual(['openPeriod', 'flushCheckpoint', 'flushCheckpoint', 'flushCheckpoint']);
});

test('flushNow answers the checkpoint, also as a signal', async () => {
  const { handle, calls } = await startBilling({ openPeriod: async () => openPeriod(Date.now() + HOUR_MS) });
  await reach(handle, ({ stage }) => stage === 'open');
  expect((await handle.executeUpdate(messages.flushNow)).spend).toBe('1.20 USD');
  await handle.signal(messages.flushNowSignal);
  await eventually(
    async () => (calls.filter((name) => name === 'flushCheckpoint').length === 2 ? true : undefined),
    WAIT_MS,
    'the second checkpoint',
  );
});

test('a period that ends earlier than it was to is closed then, also of a busy tenant', async () => {
  const earlier = { periodEnd: '2026-01-20T00:00:00Z', closeAtMs: 0 };
  const periods = endedPeriods(1);
  let isOpened = false;
  const { handle } = await startBilling({
    startCycle: periods.activities.startCycle,
    openPeriod: async () => {
      if (isOpened) return periods.activities.openPeriod({ tenant: 'acme' });
      isOpened = true;
      return openPeriod(Date.now() + HOUR_MS, { nextCheckpointMs: Date.now() + HOUR_MS });
    },
    flushCheckpoint: async () => ({ at: '2026-01-15T00:00:00Z', usage: [], spend: null, nextAtMs: null, end: earlier }),
  });
  await reach(handle, ({ stage }) => stage === 'open');
  await handle.signal(messages.flushNowSignal);
  await handle.result();
  expect(periods.started).toEqual(['2026-01-01T00:00:00Z']);
});

test('a period that ends later than it was to is not closed before', async () => {
  const later = { periodEnd: '2026-02-20T00:00:00Z', closeAtMs: Date.now() + 2 * HOUR_MS };
  const { handle, calls } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS),
    flushCheckpoint: async () => ({ at: '2026-01-15T00:00:00Z', usage: [], spend: null, nextAtMs: null, end: later }),
  });
  await reach(handle, ({ stage }) => stage === 'open');
  await handle.signal(messages.flushNowSignal);
  expect((await reach(handle, ({ periodEnd }) => periodEnd === later.periodEnd)).stage).toBe('open');
  expect(calls).toEqual(['openPeriod', 'flushCheckpoint']);
});

test('a failed flushNow signal is shown and the billing goes on', async () => {
  const { handle } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS),
    flushCheckpoint: async () => {
      throw ApplicationFailure.nonRetryable('the ledger is not there');
    },
  });
  await reach(handle, ({ stage }) => stage === 'open');
  await handle.signal(messages.flushNowSignal);
  const state = await reach(handle, ({ refusedSignals }) => refusedSignals.length > 0);
  expect(state.refusedSignals[0]).toMatchObject({ name: 'flushNow', reason: 'the ledger is not there' });
  expect(state.stage).toBe('open');
});

test('a paused tenant starts no cycle until it is resumed', async () => {
  const periods = endedPeriods(2, { paused: true });
  const { handle } = await startBilling(periods.activities);
  const state = await reach(handle, ({ stage }) => stage === 'paused');
  expect(state.waitingFor).toBe('resume');
  expect(periods.started).toEqual([]);
  expect(await handle.executeUpdate(messages.resume, { args: [OPERATOR] })).toEqual({ paused: false });
  await eventually(async () => (periods.started.length === 1 ? true : undefined), WAIT_MS, 'the first cycle');
});

test('pause within the period keeps its cycle from starting, as Update and as signal', async () => {
  const paused: boolean[] = [];
  const { handle } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS),
    setPaused: async (order) => {
      paused.push(order.paused);
      return { paused: order.paused };
    },
  });
  await reach(handle, ({ stage }) => stage === 'open');
  await handle.executeUpdate(messages.pause, { args: [OPERATOR] });
  await reach(handle, (state) => state.paused);
  await handle.signal(messages.resumeSignal);
  await reach(handle, (state) => !state.paused);
  expect(paused).toEqual([true, false]);
});

test('what PostgreSQL says about a pause wins over what the workflow remembers', async () => {
  let isPausedInLedger = true;
  const periods = endedPeriods(1);
  const { handle } = await startBilling({
    ...periods.activities,
    startCycle: async (order) => (isPausedInLedger ? { status: 'paused' } : periods.activities.startCycle(order)),
  });
  await reach(handle, ({ stage }) => stage === 'paused');
  isPausedInLedger = false;
  await handle.signal(messages.poke);
  await handle.result();
  expect(periods.started).toHaveLength(1);
});

test('a long history continues as new and forgets nothing', async () => {
  let flushes = 0;
  const lastCheckpoint = { at: '2026-01-15T00:00:00Z', usage: [], spend: '1.20 USD', nextAtMs: null };
  const { handle } = await startBilling(
    {
      openPeriod: async () =>
        openPeriod(Date.now() + HOUR_MS, { lastCheckpoint, nextCheckpointMs: flushes < 5 ? Date.now() : null }),
      flushCheckpoint: async () => {
        flushes += 1;
        return { ...lastCheckpoint, nextAtMs: Date.now() + 50 };
      },
    },
    { historyEventsMax: 10 },
  );
  await eventually(
    async () => ((await handle.describe()).runId === handle.firstExecutionRunId ? undefined : true),
    WAIT_MS,
    'a new run',
  );
  const state = await reach(handle, ({ stage }) => stage === 'open');
  expect(state.spend).toBe('1.20 USD');
});

test('draining is renewed for ever: each run of the activity begins a new run of the workflow', async () => {
  let runs = 0;
  const drainShard = async (): Promise<{ rows: number }> => {
    runs += 1;
    // The third one stays, as a drain does until its time is over.
    if (runs === 3) await Context.current().cancelled;
    return { rows: 0 };
  };
  const handle = await world.start(drainJournal, {
    workflowId: 'drain-journal/0',
    args: [{ shard: 0, runMs: 1_000 }],
    activities: { drainShard },
  });
  await eventually(async () => (runs === 3 ? true : undefined), WAIT_MS, 'the third run');
  expect((await handle.describe()).runId).not.toBe(handle.firstExecutionRunId);
  await handle.terminate('end of the test');
});

const REACHED = {
  meter: 'calls',
  unit: 'call',
  threshold: 'limit:0.8',
  thresholdQuantity: '80',
  at: '2026-01-15T00:00:00Z',
};

test('a reached threshold is recorded at once and shown, also of a period that is not open any more', async () => {
  const periods: string[] = [];
  const { handle } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS),
    recordAlerts: async ({ periodStart }) => {
      periods.push(periodStart);
      return { alerts: [REACHED] };
    },
  });
  await reach(handle, ({ stage }) => stage === 'open');
  await handle.signal(messages.usageThreshold, { periodStart: '2025-12-01T00:00:00Z' });
  const state = await reach(handle, ({ alerts }) => alerts.length > 0);
  expect(state.alerts).toEqual([REACHED]);
  expect(periods).toEqual(['2025-12-01T00:00:00Z']);
  expect(tenantBillingDetails(state)).toMatch(/calls.*limit:0\.8.*80 call.*2026-01-15 00:00:00 UTC/);
});

test('signals that come while alerts are being recorded are one more call, not one each', async () => {
  const held = Promise.withResolvers<void>();
  const { handle, calls } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS),
    recordAlerts: async () => {
      await held.promise;
      return { alerts: [REACHED] };
    },
  });
  await reach(handle, ({ stage }) => stage === 'open');
  const crossing = { periodStart: '2026-01-01T00:00:00Z' };
  await handle.signal(messages.usageThreshold, crossing);
  await eventually(async () => (calls.includes('recordAlerts') ? true : undefined), WAIT_MS, 'the first call');
  for (let signal = 0; signal < 20; signal += 1) await handle.signal(messages.usageThreshold, crossing);
  held.resolve();
  await reach(handle, ({ alerts }) => alerts.length > 0);
  const recordings = (): number => calls.filter((name) => name === 'recordAlerts').length;
  await eventually(async () => (recordings() >= 2 ? true : undefined), WAIT_MS, 'the second call');
  // Its activity is asked for behind whatever the signals have asked for.
  await handle.executeUpdate(messages.flushNow);
  expect(recordings()).toBe(2);
});

test('alerts that cannot be recorded are a problem in the table, and the billing goes on', async () => {
  const { handle } = await startBilling({
    openPeriod: async () => openPeriod(Date.now() + HOUR_MS),
    recordAlerts: async () => {
      throw ApplicationFailure.nonRetryable('the ledger is not there');
    },
  });
  await reach(handle, ({ stage }) => stage === 'open');
  await handle.signal(messages.usageThreshold, { periodStart: '2026-01-01T00:00:00Z' });
  const state = await reach(handle, ({ problem }) => problem !== null);
  expect(state).toMatchObject({ stage: 'open', problem: 'the ledger is not there' });
});

test('a tenant whose thresholds are reached again and again continues as new', async () => {
  const { handle } = await startBilling(
    {
      openPeriod: async () => openPeriod(Date.now() + HOUR_MS, { alerts: [REACHED] }),
      recordAlerts: async () => ({ alerts: [REACHED] }),
    },
    { historyEventsMax: 15 },
  );
  await reach(handle, ({ stage }) => stage === 'open');
  await eventually(
    async () => {
      await handle.signal(messages.usageThreshold, { periodStart: '2026-01-01T00:00:00Z' });
      return (await handle.describe()).runId === handle.firstExecutionRunId ? undefined : true;
    },
    WAIT_MS,
    'a new run',
  );
  expect((await reach(handle, ({ stage }) => stage === 'open')).alerts).toEqual([REACHED]);
});
