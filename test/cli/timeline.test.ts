import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeAnswer, FakeApi, ReceivedRequest } from '../client/fake-api.ts';
import { startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

const CHANGE = {
  dryRun: true,
  tenant: 'acme',
  at: '2026-11-16T12:00:00Z',
  from: { key: 'small', version: 1 },
  to: { key: 'pro', version: 2 },
  unchanged: false,
  dropped: [{ key: 'large', version: 1, from: '2026-12-01T00:00:00Z' }],
  quantities: ['seats'],
  catalogueVersion: 7,
  preview: {
    currency: 'USD',
    period: { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
    thisPeriod: { before: '200.00', after: '160.56' },
    wholePeriod: { before: '200.00', after: null },
  },
};

let folder: CliFolder;
let fake: FakeApi;
let answer: (request: ReceivedRequest) => FakeAnswer;

beforeEach(async () => {
  folder = cliFolder();
  answer = () => ({ status: 200, body: CHANGE });
  fake = await startFakeApi((request) => answer(request));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function run(...words: string[]): Promise<CliRun> {
  return folder.run(words, { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_environment' });
}

function sent(index = 0): unknown {
  return JSON.parse(fake.requests[index]?.body ?? 'null');
}

test('a plan change is shown with what it replaces and what it means in money', async () => {
  const { out, exitCode } = await run('change-plan', 'acme', 'pro@2', '--at', '2026-11-16T12:00:00Z', '--dry-run');
  expect(exitCode).toBe(0);
  expect(sent()).toEqual({ plan: 'pro', version: 2, at: '2026-11-16T12:00:00Z' });
  expect(out.trimEnd().split('\n')).toEqual([
    'acme would be under pro version 2 from 2026-11-16T12:00:00Z on, small version 1 until then',
    'in place of large version 1 from 2026-12-01T00:00:00Z',
    'held another way with it: seats',
    'this period so far, from 2026-11-01T00:00:00Z: 200.00 → 160.56 USD',
    'the same usage in a whole period: 200.00 → cannot be rated USD',
    'dry run: nothing was changed',
  ]);
});

test('a change that says nothing new says so, and a plan that cannot be read is refused', async () => {
  answer = () => ({ status: 200, body: { ...CHANGE, dryRun: false, unchanged: true } });
  const { out } = await run('change-plan', 'acme', 'pro');
  expect(out).toBe('acme is under pro version 2 from 2026-11-16T12:00:00Z on already: nothing to change\n');
  expect(sent()).toEqual({ plan: 'pro', at: 'period_end' });
  for (const plan of ['pro@', 'pro@x', '@2', 'pro@1@2'])
    expect((await run('change-plan', 'acme', plan)).exitCode).toBe(2);
});

const SEATS = {
  dryRun: false,
  tenant: 'acme',
  name: 'seats',
  at: CHANGE.at,
  from: '5',
  to: '7',
  unchanged: false,
  catalogueVersion: 8,
  preview: null,
};

test.each([
  [{}, `acme holds 7 seats from ${CHANGE.at} on, 5 until then`],
  [{ unchanged: true }, `acme holds 7 seats from ${CHANGE.at} on already: nothing to change`],
])('seats are set from now on (%o)', async (changes, text) => {
  answer = () => ({ status: 200, body: { ...SEATS, ...changes } });
  const { out } = await run('set-quantity', 'acme', 'seats', '7');
  expect(out).toBe(`${text}\n`);
  expect(sent()).toEqual({ quantity: '7', at: 'now' });
});

test('what more seats would mean in money is shown before they are set', async () => {
  answer = () => ({ status: 200, body: { ...SEATS, dryRun: true, preview: CHANGE.preview } });
  const { out } = await run('set-quantity', 'acme', 'seats', '7', '--dry-run');
  expect(fake.requests[0]?.path).toBe('/v1/tenants/acme/quantities/seats?dryRun=true');
  expect(out.trimEnd().split('\n')).toEqual([
    `acme would hold 7 seats from ${CHANGE.at} on, 5 until then`,
    'this period so far, from 2026-11-01T00:00:00Z: 200.00 → 160.56 USD',
    'dry run: nothing was changed',
  ]);
});

function step(tenant: string, refused: string | null): object {
  return {
    tenant,
    from: 1,
    at: refused === null ? CHANGE.at : null,
    refused,
    lastPeriod: {
      currency: 'USD',
      period: null,
      billed: '100.00',
      wouldBe: '200.00',
      difference: '100.00',
      problems: [],
    },
  };
}

test('a migration is read to its end, page by page, and shows who pays what', async () => {
  answer = ({ body }) => {
    const isSecond = (JSON.parse(body) as { cursor?: string }).cursor === 'acme';
    const data = isSecond ? [step('globex', 'its periods are sealed')] : [step('acme', null)];
    return { status: 200, body: { dryRun: true, data, nextCursor: isSecond ? null : 'acme', catalogueVersion: 7 } };
  };
  const { out, err } = await run('migrate', 'pro', '--to', '3', '--dry-run');
  expect([sent(0), sent(1)]).toEqual([
    { version: 3, at: 'period_end' },
    { version: 3, at: 'period_end', cursor: 'acme' },
  ]);
  expect(out).toMatch(/acme +1 +2026-11-16T12:00:00Z +100\.00 +200\.00 +100\.00 +USD/);
  expect(out).toMatch(/globex .*its periods are sealed/);
  expect(err).toContain('dry run: nothing was changed');
});
