import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { tenantBillingId } from '../../src/domain/workflow-names.ts';
import { tenantBillingState } from '../../workflows/messages.ts';
import { applyCatalogue, callApi, eventually } from '../support/api-calls.ts';
import { simpleCatalogue } from '../support/simple-catalogue.ts';
import { startWorld, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;

function instant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** In an hour, at a whole minute: the period that its billing watches is one that has not begun. */
const start = instant(Math.floor((Date.now() + HOUR_MS) / 60_000) * 60_000);
/** Two hours and a quarter later, so that the first day is cut to that. */
const anchor = instant(Date.parse(start) + 2.25 * HOUR_MS);

let world: World;
let connection: Connection;

beforeAll(async () => {
  world = await startWorld();
  connection = await Connection.connect({ address: inject('temporalAddress') });
  const tenant = { id: 'acme', billingStart: start, periodLength: 'day' };
  await applyCatalogue(world, simpleCatalogue({ baseFee: '96', unitPrice: '1' }, [tenant]));
}, 120_000);

afterAll(async () => {
  await connection.close();
  await world.close();
});

/** When the period ends that the tenant's billing watches, by the workflow itself. */
async function watchedEnd(): Promise<string | null> {
  const client = new Client({ connection, namespace: world.namespace });
  return (await client.workflow.getHandle(tenantBillingId('acme')).query(tenantBillingState)).periodEnd;
}

async function isWatchedUntil(end: string): Promise<void> {
  await eventually(async () => ((await watchedEnd()) === end ? true : undefined), 60_000, `billing waits for ${end}`);
}

interface Change {
  readonly unchanged: boolean;
  readonly from: string;
  readonly periods: readonly { readonly start: string; readonly end: string }[];
}

test(
  'a change of the anchor reaches periods, billing and what is shown, and can be taken back',
  { timeout: 150_000 },
  async () => {
    await isWatchedUntil(instant(Date.parse(start) + 24 * HOUR_MS));
    const headers = { 'idempotency-key': 'to-the-quarter' };
    const change = (body: object) => callApi<Change>(world, 'POST', '/v1/tenants/acme/billing-anchor', body, headers);
    const made = await change({ anchor });
    expect(made).toMatchObject({ status: 200, body: { unchanged: false, from: start } });
    expect(made.body.periods[0]).toMatchObject({ start, end: anchor });
    // Paused, and idle: it is told all the same.
    await isWatchedUntil(anchor);
    expect(await change({ anchor })).toEqual(made);

    const shown = await callApi<object>(world, 'GET', '/v1/tenants/acme');
    expect(shown.body).toMatchObject({ billingStart: start, calendar: { changes: [{ from: start, anchor }] } });
    const back = await callApi<Change>(world, 'POST', '/v1/tenants/acme/billing-anchor', { anchor: start });
    expect(back.body.periods[0]).toMatchObject({ start, end: instant(Date.parse(start) + 24 * HOUR_MS) });
    await isWatchedUntil(instant(Date.parse(start) + 24 * HOUR_MS));
  },
);
