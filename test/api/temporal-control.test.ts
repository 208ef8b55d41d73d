import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { BillingControl } from '../../src/api/billing-control.ts';
import { createTemporalControl } from '../../src/api/temporal-control.ts';

const WORKFLOWS = fileURLToPath(new URL('./obedient-workflows.ts', import.meta.url));

function command(requestId: string) {
  return { actor: 'key_1', reason: 'because', requestId };
}

describe('commands to the billing workflows', () => {
  const taskQueue = `test-${randomUUID()}`;
  const tenant = `tenant-${randomUUID()}`;
  let connection: Connection;
  let native: NativeConnection;
  let client: Client;
  let control: BillingControl;
  let running: Promise<void>;
  let worker: Worker;

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const address = inject('temporalAddress');
    [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
    client = new Client({ connection });
    control = createTemporalControl(client, taskQueue);
    worker = await Worker.create({ connection: native, taskQueue, workflowsPath: WORKFLOWS });
    running = worker.run();
  }, 60_000);

  afterAll(async () => {
    await client.workflow.getHandle(`tenant-billing/${tenant}`).terminate();
    worker.shutdown();
    await running;
    await Promise.all([connection.close(), native.close()]);
  });

  test('start a workflow that does not run yet, and do the same request once', async () => {
    const first = await control.commandTenant(tenant, 'pause', command('one'));
    expect(first).toEqual({ paused: true, pauses: 1 });
    expect(await control.commandTenant(tenant, 'pause', command('one'))).toEqual(first);
    expect(await control.commandTenant(tenant, 'pause', command('two'))).toMatchObject({ pauses: 2 });
  });

  test('a poke reaches who is there, and nobody is no error', async () => {
    await control.poke(tenant);
    await control.poke(`nobody-${randomUUID()}`);
  });

  test('answer 409 with the reason of a workflow that refuses', async () => {
    await expect(control.commandTenant(tenant, 'resume', command('three'))).rejects.toMatchObject({
      details: { status: 409, code: 'refused', message: 'it is not paused' },
    });
  });

  test('answer 404 where no cycle runs', async () => {
    const cycle = { tenant, periodStart: '2026-11-01T00:00:00Z', revision: 0 };
    await expect(control.commandCycle(cycle, 'approve', command('four'))).rejects.toMatchObject({
      details: { status: 404, code: 'cycle_ended' },
    });
  });

  test('starting twice is one workflow', async () => {
    await Promise.all([control.start(tenant), control.start(tenant)]);
    expect((await client.workflow.getHandle(`tenant-billing/${tenant}`).describe()).status.name).toBe('RUNNING');
  });
});
