import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeApi } from '../client/fake-api.ts';
import { startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

const CHANGE = {
  dryRun: true,
  tenant: 'acme',
  from: '2026-12-17T00:00:00Z',
  before: { anchor: '2026-09-17T00:00:00Z', periodLength: 'month' },
  after: { anchor: '2027-01-01T00:00:00Z', periodLength: 'year' },
  unchanged: false,
  dropped: [{ from: '2027-02-17T00:00:00Z', anchor: '2027-03-03T00:00:00Z', periodLength: 'month' }],
  periods: [
    { start: '2026-11-17T00:00:00Z', end: '2026-12-17T00:00:00Z', partOf: null },
    {
      start: '2026-12-17T00:00:00Z',
      end: '2027-01-01T00:00:00Z',
      partOf: { start: '2026-01-01T00:00:00Z', end: '2027-01-01T00:00:00Z' },
    },
  ],
  catalogueVersion: 7,
};

let folder: CliFolder;
let fake: FakeApi;
let body: object;

beforeEach(async () => {
  folder = cliFolder();
  body = CHANGE;
  fake = await startFakeApi(() => ({ status: 200, body }));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function run(...words: string[]): Promise<CliRun> {
  return folder.run(words, { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_environment' });
}

test('an anchor change is shown with the periods around it and what it replaces', async () => {
  const { out, exitCode } = await run('set-anchor', 'acme', '2027-01-01', '--period-length', 'year', '--dry-run');
  expect(exitCode).toBe(0);
  expect(fake.requests[0]?.path).toBe('/v1/tenants/acme/billing-anchor?dryRun=true');
  expect(JSON.parse(fake.requests[0]?.body ?? '')).toEqual({ anchor: '2027-01-01T00:00:00Z', periodLength: 'year' });
  expect(out.trimEnd().split('\n')).toEqual([
    'acme would be billed by the year of 2027-01-01T00:00:00Z from 2026-12-17T00:00:00Z on, by the month of 2026-09-17T00:00:00Z until then',
    'no longer planned: the month of 2027-03-03T00:00:00Z from 2027-02-17T00:00:00Z',
    '  2026-11-17T00:00:00Z to 2026-12-17T00:00:00Z',
    '  2026-12-17T00:00:00Z to 2027-01-01T00:00:00Z, a part of 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z',
    'dry run: nothing was changed',
  ]);
});

test('one that says nothing new says so, and one that cannot be read is refused', async () => {
  body = { ...CHANGE, dryRun: false, unchanged: true, dropped: [], periods: [] };
  const { out } = await run('set-anchor', 'acme', '2027-01-01', '--from', '2026-12-17', '--reason', 'asked');
  expect(out).toBe(
    'acme is billed by the year of 2027-01-01T00:00:00Z from 2026-12-17T00:00:00Z on already: nothing to change\n',
  );
  expect(JSON.parse(fake.requests[0]?.body ?? '')).toEqual({
    anchor: '2027-01-01T00:00:00Z',
    from: '2026-12-17T00:00:00Z',
    reason: 'asked',
  });
  expect((await run('set-anchor', 'acme', 'tomorrow')).exitCode).toBe(2);
  expect((await run('set-anchor', 'acme', '2027-01-01', '--period-length', 'quarter')).exitCode).toBe(2);
});
