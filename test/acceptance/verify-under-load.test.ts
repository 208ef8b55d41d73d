import { afterAll, beforeAll, expect, test } from 'vitest';

import { cliFolder, type CliFolder } from '../cli/cli-runs.ts';
import { applyCatalogue, callApi, eventually } from '../support/api-calls.ts';
import { startWorld, type World } from '../support/world.ts';

const TENANTS = Array.from({ length: 20 }, (_, index) => `t${index}`);
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: count, unit: call }
  - { key: tokens, eventType: calls, aggregation: sum, scale: 2, unit: token }
  - { key: peak, eventType: calls, aggregation: max, unit: token }
  - { key: level, eventType: calls, aggregation: latest, unit: token }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
${TENANTS.map((id) => `  - { id: ${id}, currency: USD, billingStart: 2026-01-01T00:00:00Z, plan: basic }`).join('\n')}
`;

const SENDERS = 4;
const BATCH_EVENTS = 40;
/** Audits while events are taken and drained. */
const AUDITS = 5;
const BATCHES_WANTED = 60;
const SETTLES_WITHIN_MS = 60_000;

let world: World;
let folder: CliFolder;

beforeAll(async () => {
  world = await startWorld();
  folder = cliFolder();
  await applyCatalogue(world, YAML);
}, 120_000);

afterAll(async () => {
  folder.remove();
  await world.close();
});

let batches = 0;

async function sendUntil(signal: AbortSignal, sender: number): Promise<void> {
  for (let batch = 0; !signal.aborted; batch += 1) {
    const occurredAt = new Date(Date.now() - 1_000).toISOString();
    const events = Array.from({ length: BATCH_EVENTS }, (_, index) => ({
      id: `${sender}-${batch}-${index}`,
      tenant: TENANTS[(index + batch) % TENANTS.length],
      type: 'calls',
      quantity: ((index * 7 + batch) % 50) + 1,
      occurredAt,
    }));
    const answer = await callApi(world, 'POST', '/v1/events', events).catch(() => undefined);
    if (answer?.status === 200) batches += 1;
  }
}

function verify(...words: string[]) {
  const environment = { TOLLKEEPER_URL: world.apiUrl, TOLLKEEPER_API_KEY: world.adminKey };
  return folder.run(['verify', ...words, '--json'], environment);
}

test('counters and ledger agree at every cut under load, and again after Redis was killed', async () => {
  const traffic = new AbortController();
  const senders = Array.from({ length: SENDERS }, (_, sender) => sendUntil(traffic.signal, sender));
  await eventually(() => Promise.resolve(batches > 0 ? true : undefined), SETTLES_WITHIN_MS, 'the first batch');
  for (let audit = 0; audit < AUDITS; audit += 1) {
    const { exitCode, out } = await verify('counters');
    expect({ exitCode, data: JSON.parse(out).data }).toEqual({ exitCode: 0, data: [] });
  }
  await world.redis.kill();
  await world.redis.restart();
  const after = await eventually(
    async () => {
      const run = await verify('counters');
      // 2: a store is not back yet, which says nothing. A difference would be told at once.
      return run.exitCode === 2 ? undefined : run;
    },
    SETTLES_WITHIN_MS,
    'an audit after the restart of Redis',
  );
  expect({ exitCode: after.exitCode, data: JSON.parse(after.out).data }).toEqual({ exitCode: 0, data: [] });
  const known = batches;
  await eventually(
    () => Promise.resolve(batches > known + BATCHES_WANTED ? true : undefined),
    SETTLES_WITHIN_MS,
    'traffic',
  );
  expect((await verify('counters')).exitCode).toBe(0);
  traffic.abort();
  await Promise.all(senders);
  expect((await verify('ledger')).exitCode).toBe(0);
}, 240_000);
