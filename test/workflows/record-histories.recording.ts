import { existsSync, mkdirSync, writeFileSync } from 'node:fs';

import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { BillingActivities } from '../../activities/answers.ts';
import { closeCycle, drainJournal, tenantBilling } from '../../workflows/index.ts';
import * as messages from '../../workflows/messages.ts';
import { eventually } from '../support/api-calls.ts';
import { startWorkflowWorld, type WorkflowWorld } from '../support/workflow-worker.ts';
import { CYCLE_INPUT, fakeActivities, openPeriod } from './fake-activities.ts';

const HOUR_MS = 3_600_000;
const WAIT_MS = 20_000;
const OPERATOR = { actor: 'ada', reason: 'recorded' };

let world: WorkflowWorld;

async function keep(workflow: string, scenario: string, handle: WorkflowHandle, runId: string): Promise<void> {
  const folder = new URL(`../histories/${workflow}/`, import.meta.url);
  const file = new URL(`${scenario}.json`, folder);
  if (existsSync(file)) return;
  mkdirSync(folder, { recursive: true });
  const history = await world.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
  writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history)), null, 2)}\n`);
}

async function startBilling(replaced: Partial<BillingActivities>) {
  return world.start(tenantBilling, {
    workflowId: 'tenant-billing/acme',
    args: [{ tenant: 'acme' }],
    activities: fakeActivities(replaced),
  });
}

async function startCycle(replaced: Partial<BillingActivities>, sealAtMs = 0) {
  return world.start(closeCycle, {
    workflowId: 'close-cycle/acme/2026-01-01T00:00:00Z',
    args: [{ ...CYCLE_INPUT, sealAtMs }],
    activities: fakeActivities(replaced),
  });
}

async function newRun(handle: { describe(): Promise<{ runId: string }>; firstExecutionRunId: string }): Promise<void> {
  await eventually(
    async () => ((await handle.describe()).runId === handle.firstExecutionRunId ? undefined : true),
    WAIT_MS,
    'a new run',
  );
}

/** Open for a moment, then over, then ended: one run of each kind. */
function shortPeriod(change: Parameters<typeof openPeriod>[1] = {}, openMs = 2_000): Partial<BillingActivities> {
  let periods = 0;
  return {
    openPeriod: async () => {
      periods += 1;
      return periods === 1 ? openPeriod(Date.now() + openMs, change) : { status: 'ended' };
    },
  };
}

const flushCheckpoint: BillingActivities['flushCheckpoint'] = async () => ({
  at: '2026-01-15T00:00:00Z',
  usage: [{ meter: 'calls', unit: 'call', quantity: '12' }],
  spend: '1.20 USD',
  nextAtMs: Date.now() + 500,
});

const recordAlerts: BillingActivities['recordAlerts'] = async () => ({
  alerts: [
    { meter: 'calls', unit: 'call', threshold: 'limit:0.8', thresholdQuantity: '80', at: '2026-01-15T00:00:00Z' },
  ],
});

/**
 * `npm run histories:record`: no test, and outside the ordinary run. It records what `replay.test.ts` replays. A history that
 * is there is never written again, because it stands for workflows that run out there: new behaviour gets a new scenario.
 */
describe('recording of histories', () => {
  beforeAll(async () => {
    world = await startWorkflowWorld();
  });
  afterEach(() => world.terminateAll());
  afterAll(() => world.close());

  test('tenant-billing: an idle period', async () => {
    const handle = await startBilling(shortPeriod());
    await newRun(handle);
    await keep('tenant-billing', 'idle', handle, handle.firstExecutionRunId);
  });

  test('tenant-billing: a busy period with timed checkpoints, a poke and flushNow', async () => {
    const handle = await startBilling({ ...shortPeriod({ nextCheckpointMs: 0 }, 4_000), flushCheckpoint });
    await handle.signal(messages.poke);
    // Comes before the period is known, and waits for it.
    await handle.executeUpdate(messages.flushNow);
    await handle.signal(messages.flushNowSignal);
    await newRun(handle);
    await keep('tenant-billing', 'busy', handle, handle.firstExecutionRunId);
  });

  test('tenant-billing: paused over the end of a period, then resumed', async () => {
    const handle = await startBilling(shortPeriod({}, 3_000));
    await eventually(
      async () => ((await handle.query(messages.tenantBillingState)).stage === 'open' ? true : undefined),
      WAIT_MS,
      'the period',
    );
    await handle.executeUpdate(messages.pause, { args: [OPERATOR] });
    await eventually(
      async () => ((await handle.query(messages.tenantBillingState)).stage === 'paused' ? true : undefined),
      WAIT_MS,
      'the pause',
    );
    await handle.signal(messages.resumeSignal, OPERATOR);
    await newRun(handle);
    await keep('tenant-billing', 'pause-and-resume', handle, handle.firstExecutionRunId);
  });

  test('tenant-billing: a backlog that waits for the cycle before', async () => {
    let attempts = 0;
    const startNext: BillingActivities['startCycle'] = async () => {
      attempts += 1;
      if (attempts === 1) return { status: 'notYet', reason: 'the cycle before to be finished' };
      return { status: 'started', workflowId: 'close-cycle/acme/2026-01-01T00:00:00Z' };
    };
    const handle = await startBilling({ ...shortPeriod({}, 0), startCycle: startNext });
    await newRun(handle);
    await keep('tenant-billing', 'backlog', handle, handle.firstExecutionRunId);
  });

  test('tenant-billing: thresholds that are reached while alerts are being recorded', async () => {
    const handle = await startBilling({ ...shortPeriod({}, 3_000), flushCheckpoint, recordAlerts });
    for (const periodStart of ['2026-01-01T00:00:00Z', '2025-12-01T00:00:00Z', '2026-01-01T00:00:00Z']) {
      await handle.signal(messages.usageThreshold, { periodStart });
    }
    await newRun(handle);
    await keep('tenant-billing', 'usage-threshold', handle, handle.firstExecutionRunId);
  });

  test('close-cycle: a late window that ends by itself', async () => {
    const handle = await startCycle({}, Date.now() + 1_500);
    await handle.result();
    await keep('close-cycle', 'late-window', handle, handle.firstExecutionRunId);
  });

  test('close-cycle: closeNow, and a predecessor that is not sealed yet', async () => {
    let attempts = 0;
    const sealed = await fakeActivities().sealPeriod(CYCLE_INPUT);
    const sealPeriod: BillingActivities['sealPeriod'] = async () => {
      attempts += 1;
      return attempts === 1 ? { status: 'notYet', reason: 'the period before is not sealed' } : sealed;
    };
    const handle = await startCycle({ sealPeriod }, Date.now() + HOUR_MS);
    await handle.executeUpdate(messages.closeNow, { args: [OPERATOR] });
    await handle.signal(messages.poke);
    await handle.result();
    await keep('close-cycle', 'close-now-and-wait', handle, handle.firstExecutionRunId);
  });

  test.each(['approve', 'reject'] as const)('close-cycle: held, then %s', async (command) => {
    const rated = await fakeActivities().rateCycle(CYCLE_INPUT);
    const rateCycle = async () => ({ ...rated, holdReasons: ['drift of 3 calls'] }) as typeof rated;
    const handle = await startCycle({ rateCycle });
    await eventually(
      async () => ((await handle.query(messages.closeCycleState)).stage === 'held' ? true : undefined),
      WAIT_MS,
      'the hold',
    );
    await handle.executeUpdate(command === 'approve' ? messages.approve : messages.reject, { args: [OPERATOR] });
    expect((await handle.result()).outcome).toBe(command === 'approve' ? 'issued' : 'rejected');
    await keep('close-cycle', `hold-and-${command}`, handle, handle.firstExecutionRunId);
  });

  test('drain-journal: one run that is renewed', async () => {
    const handle = await world.start(drainJournal, {
      workflowId: 'drain-journal/0',
      args: [{ shard: 0 }],
      activities: { drainShard: async () => ({ rows: 12 }) },
    });
    await newRun(handle);
    await handle.terminate('recorded');
    await keep('drain-journal', 'renewed', handle, handle.firstExecutionRunId);
  });
});
