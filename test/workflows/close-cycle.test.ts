import { randomUUID } from 'node:crypto';

import { WorkflowUpdateFailedError } from '@temporalio/client';
import { defineQuery } from '@temporalio/workflow';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { BillingActivities } from '../../activities/answers.ts';
import { closeCycle } from '../../workflows/index.ts';
import * as messages from '../../workflows/messages.ts';
import type { CloseCycleInput } from '../../workflows/messages.ts';
import { eventually } from '../support/api-calls.ts';
import { startWorkflowWorld, type WorkflowWorld } from '../support/workflow-worker.ts';
import { CYCLE_INPUT, fakeActivities } from './fake-activities.ts';

const HOUR_MS = 3_600_000;
const WAIT_MS = 60_000;
const STEPS = ['sealPeriod', 'passBarrier', 'reconcileUsage', 'rateCycle', 'issueCycle', 'finishCycle'];
const OPERATOR = { actor: 'ada', reason: 'checked' };

let world: WorkflowWorld;
beforeAll(async () => {
  world = await startWorkflowWorld();
});
afterEach(() => world.terminateAll());
afterAll(() => world.close());

async function startCycle(replaced: Partial<BillingActivities> = {}, input: Partial<CloseCycleInput> = {}) {
  const activities = fakeActivities(replaced);
  const handle = await world.start(closeCycle, {
    workflowId: `close-cycle/${randomUUID()}`,
    args: [{ ...CYCLE_INPUT, ...input }],
    activities,
  });
  return { handle, calls: activities.calls };
}

type Handle = Awaited<ReturnType<typeof startCycle>>['handle'];

async function reachStage(handle: Handle, stage: string): Promise<messages.CloseCycleState> {
  return eventually(
    async () => {
      const state = await handle.query(messages.closeCycleState);
      return state.stage === stage ? state : undefined;
    },
    WAIT_MS,
    `stage ${stage}`,
  );
}

/** A rating that a person must look at. */
function ratedWith(...holdReasons: string[]): BillingActivities['rateCycle'] {
  return async () => ({
    status: 'rated',
    invoiceId: 'inv_a',
    contentDigest: '00',
    total: '1.20 USD',
    lineCount: 1,
    holdReasons,
    decision: null,
  });
}

test('a period whose late window is over goes through every step once, in order', async () => {
  const { handle, calls } = await startCycle();
  expect(await handle.result()).toEqual({ outcome: 'issued', invoiceId: 'inv_a', number: 'INV-000001' });
  expect(calls).toEqual(STEPS);
  const state = await handle.query(messages.closeCycleState);
  expect(state.stage).toBe('issued');
  expect(state.steps.map(({ step }) => step)).toEqual(['seal', 'barrier', 'reconcile', 'rate', 'issue', 'finish']);
  expect(state.steps.every(({ endedAt }) => endedAt !== null)).toBe(true);
});

test('nothing is sealed within the late window, and closeNow ends it', async () => {
  const { handle, calls } = await startCycle({}, { sealAtMs: Date.now() + HOUR_MS });
  await reachStage(handle, 'closing');
  expect(calls).toEqual([]);
  await handle.executeUpdate(messages.closeNow, { args: [OPERATOR] });
  await handle.result();
  expect(calls).toEqual(STEPS);
});

test('closeNow works as a signal, without arguments', async () => {
  const { handle } = await startCycle({}, { sealAtMs: Date.now() + HOUR_MS });
  await handle.signal(messages.closeNowSignal);
  expect((await handle.result()).outcome).toBe('issued');
});

test('a held invoice waits for approve, and the decision is recorded once', async () => {
  const rateCycle = ratedWith('drift of 3 calls');
  const { handle, calls } = await startCycle({ rateCycle });
  const held = await reachStage(handle, 'held');
  expect(held.holdReasons).toEqual(['drift of 3 calls']);
  expect(calls).not.toContain('issueCycle');
  const answer = await handle.executeUpdate(messages.approve, { args: [OPERATOR] });
  expect(answer.decision).toBe('approved');
  expect((await handle.result()).outcome).toBe('issued');
  expect(calls.filter((name) => name === 'decideHold')).toHaveLength(1);
});

test('an approval that comes while the rating is being reported waits for the hold', async () => {
  const report = Promise.withResolvers<void>();
  const rate = ratedWith('drift of 3 calls');
  const rateCycle: BillingActivities['rateCycle'] = async (cycle) => {
    await report.promise;
    return rate(cycle);
  };
  const { handle } = await startCycle({ rateCycle });
  await reachStage(handle, 'rating');
  const approval = await handle.startUpdate(messages.approve, { args: [OPERATOR], waitForStage: 'ACCEPTED' });
  report.resolve();
  expect((await approval.result()).decision).toBe('approved');
  expect((await handle.result()).outcome).toBe('issued');
});

test('a rejected invoice is never issued', async () => {
  const rateCycle = ratedWith('negative total');
  const { handle, calls } = await startCycle({ rateCycle });
  await reachStage(handle, 'held');
  await handle.signal(messages.rejectSignal, OPERATOR);
  expect(await handle.result()).toEqual({ outcome: 'rejected', invoiceId: 'inv_a', number: null });
  expect(calls).not.toContain('issueCycle');
});

test('what cannot be rated is held, and approve rates it again', async () => {
  let isMended = false;
  const rated = await fakeActivities().rateCycle(CYCLE_INPUT);
  const rateCycle: BillingActivities['rateCycle'] = async () =>
    isMended ? rated : { status: 'unratable', problems: ['no plan'] };
  const { handle, calls } = await startCycle({ rateCycle });
  expect((await reachStage(handle, 'held')).holdReasons).toEqual(['no plan']);
  isMended = true;
  await handle.executeUpdate(messages.approve, { args: [OPERATOR] });
  expect((await handle.result()).outcome).toBe('issued');
  expect(calls.filter((name) => name === 'rateCycle')).toHaveLength(2);
});

test('a decision while nothing is held is refused as an Update and shown as a signal', async () => {
  const { handle } = await startCycle({}, { sealAtMs: Date.now() + HOUR_MS });
  const refused = handle.executeUpdate(messages.approve, { args: [OPERATOR] });
  await expect(refused).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
  await handle.signal(messages.rejectSignal, OPERATOR);
  const state = await handle.query(messages.closeCycleState);
  expect(state.refusedSignals.map(({ name }) => name)).toEqual(['reject']);
  expect(state.refusedSignals[0]?.reason).toContain('nothing is held');
  await handle.executeUpdate(messages.closeNow, { args: [OPERATOR] });
  expect((await handle.result()).outcome).toBe('issued');
});

test('a cycle whose predecessor is not sealed waits, says so, and goes on when poked', async () => {
  let isPredecessorSealed = false;
  const sealed = await fakeActivities().sealPeriod(CYCLE_INPUT);
  const sealPeriod: BillingActivities['sealPeriod'] = async () =>
    isPredecessorSealed ? sealed : { status: 'notYet', reason: 'the period before is not sealed' };
  const { handle } = await startCycle({ sealPeriod });
  const waiting = await eventually(
    async () => {
      const state = await handle.query(messages.closeCycleState);
      return state.waitingFor?.includes('not sealed') === true ? state : undefined;
    },
    WAIT_MS,
    'the wait',
  );
  expect(waiting.stage).toBe('sealing');
  isPredecessorSealed = true;
  await handle.signal(messages.poke);
  expect((await handle.result()).outcome).toBe('issued');
});

test('a long wait continues as new and finishes in a later run', async () => {
  let attempts = 0;
  const sealed = await fakeActivities().sealPeriod(CYCLE_INPUT);
  const sealPeriod: BillingActivities['sealPeriod'] = async () => {
    attempts += 1;
    return attempts > 2 ? sealed : { status: 'notYet', reason: 'the period before is not sealed' };
  };
  const { handle } = await startCycle({ sealPeriod }, { historyEventsMax: 5 });
  expect((await handle.result()).outcome).toBe('issued');
  expect(attempts).toBe(3);
  expect((await handle.describe()).runId).not.toBe(handle.firstExecutionRunId);
});

test('the state table names the steps with their times and breaks on no text of a person', async () => {
  const { handle } = await startCycle({ passBarrier: async () => ({ position: '1-10 | drained\nall' }) });
  await handle.result();
  const metadata = await handle.query(defineQuery<{ currentDetails?: string }>('__temporal_workflow_metadata'));
  const lines = (metadata.currentDetails ?? '').replaceAll('\u2003', '').split('\n');
  const barrier = lines.find((line) => line.startsWith('| barrier |'));
  expect(barrier).toMatch(
    /^\| barrier \| \d{4}-\d\d-\d\d\s\d\d:\d\d:\d\d\.\d{3} \| \d\d:\d\d:\d\d\.\d{3} \| ledger at 1-10 \\\| drained all \|$/,
  );
});
