import { randomUUID } from 'node:crypto';

import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { BillingActivities, ChangePlanOrder } from '../../activities/answers.ts';
import { tenantBilling } from '../../workflows/index.ts';
import * as messages from '../../workflows/messages.ts';
import { eventually } from '../support/api-calls.ts';
import { startWorkflowWorld, type WorkflowWorld } from '../support/workflow-worker.ts';
import { fakeActivities, openPeriod } from './fake-activities.ts';

const HOUR_MS = 3_600_000;
const WAIT_MS = 20_000;

let world: WorkflowWorld;
beforeAll(async () => {
  world = await startWorkflowWorld();
});
afterEach(() => world.terminateAll());
afterAll(() => world.close());

async function startBilling(replaced: Partial<BillingActivities> = {}) {
  const handle = await world.start(tenantBilling, {
    workflowId: `tenant-billing/${randomUUID()}`,
    args: [{ tenant: 'acme' }],
    activities: fakeActivities({ openPeriod: async () => openPeriod(Date.now() + HOUR_MS), ...replaced }),
  });
  const reach = (isReached: (state: messages.TenantBillingState) => boolean) =>
    eventually(
      async () => {
        const state = await handle.query(messages.tenantBillingState);
        return isReached(state) ? state : undefined;
      },
      WAIT_MS,
      'the state',
    );
  await reach(({ stage }) => stage === 'open');
  return { handle, reach };
}

test('changePlan is answered, said whose order it was, and shows the plan that holds now', async () => {
  const orders: ChangePlanOrder[] = [];
  const { handle } = await startBilling({
    changePlan: async (order) => {
      orders.push(order);
      return { plan: { key: order.plan, version: 2, name: 'Pro' }, at: order.commandedAt, unchanged: false };
    },
  });
  const command = { plan: 'pro', at: 'now', actor: 'ada', reason: 'they grew' };
  const answer = await handle.executeUpdate(messages.changePlan, { args: [command] });
  expect(answer).toMatchObject({ plan: { key: 'pro', version: 2 }, unchanged: false });
  expect(orders).toMatchObject([{ tenant: 'acme', version: null, ...command }]);
  expect((await handle.query(messages.tenantBillingState)).plan).toBe('Pro (pro version 2)');
});

test('a change that is planned for later leaves the plan that is shown', async () => {
  const { handle } = await startBilling({
    changePlan: async ({ plan }) => ({
      plan: { key: plan, version: 1, name: 'Pro' },
      at: new Date(Date.now() + HOUR_MS).toISOString(),
      unchanged: false,
    }),
  });
  await handle.executeUpdate(messages.changePlan, { args: [{ plan: 'pro' }] });
  expect((await handle.query(messages.tenantBillingState)).plan).toBe('Basic (basic version 1)');
});

test('a change that cannot be is refused, and the billing goes on', async () => {
  const { handle, reach } = await startBilling({
    changePlan: async () => {
      throw ApplicationFailure.nonRetryable('there is no plan pro');
    },
  });
  const update = handle.executeUpdate(messages.changePlan, { args: [{ plan: 'pro' }] });
  await expect(update).rejects.toMatchObject({ cause: { message: 'there is no plan pro' } });
  await handle.signal(messages.changePlanSignal);
  await handle.signal(messages.changePlanSignal, { plan: 'pro' });
  const state = await reach(({ refusedSignals }) => refusedSignals.length === 2);
  expect(state.refusedSignals.map(({ name, reason }) => [name, reason])).toEqual([
    ['changePlan', 'it must name a plan: {"plan": "pro", "at": "now"}'],
    ['changePlan', 'there is no plan pro'],
  ]);
  expect(state.stage).toBe('open');
});
