import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeApi } from '../client/fake-api.ts';
import { startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

const NOW = '2026-11-20T10:30:15Z';
const PREVIEW = {
  currency: 'USD',
  period: { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
  thisPeriod: { before: '20.00', after: '30.56' },
};
const ADD_ON = {
  dryRun: false,
  tenant: 'acme',
  addOn: 'archive',
  at: NOW,
  until: null,
  from: null,
  to: { key: 'archive', version: 2 },
  unchanged: false,
  catalogueVersion: 7,
  preview: PREVIEW,
};
const PRICE = {
  dryRun: true,
  tenant: 'acme',
  charge: 'calls',
  plan: 'small',
  at: NOW,
  until: '2027-01-01T00:00:00Z',
  from: 'calls · 1 each',
  to: 'calls · 0.5 each',
  unchanged: false,
  catalogueVersion: 7,
  preview: PREVIEW,
};

let folder: CliFolder;
let fake: FakeApi;
let body: object;

beforeEach(async () => {
  folder = cliFolder();
  fake = await startFakeApi(() => ({ status: 200, body }));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function run(...words: string[]): Promise<CliRun> {
  return folder.run(words, { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_environment' });
}

function sent(): [path: string | undefined, body: unknown] {
  const [request] = fake.requests;
  return [request?.path, JSON.parse(request?.body ?? '')];
}

test('an add-on is given with what it means in money', async () => {
  body = { ...ADD_ON, dryRun: true };
  const { out, exitCode } = await run('add-on', 'add', 'acme', 'archive@2', '--until', '2027-01-01', '--dry-run');
  expect(exitCode).toBe(0);
  expect(sent()).toEqual([
    '/v1/tenants/acme/add-ons?dryRun=true',
    { addOn: 'archive', version: 2, at: 'now', until: '2027-01-01T00:00:00Z' },
  ]);
  expect(out.trimEnd().split('\n')).toEqual([
    `acme would hold archive version 2 from ${NOW} on`,
    'this period so far, from 2026-11-01T00:00:00Z: 20.00 → 30.56 USD',
    'dry run: nothing was changed',
  ]);
});

test.each([
  [{ from: { key: 'archive', version: 1 } }, `acme holds archive version 2 from ${NOW} on, version 1 until then`],
  [{ until: '2027-01-01T00:00:00Z' }, `acme holds archive version 2 from ${NOW} until 2027-01-01T00:00:00Z`],
  [{ unchanged: true }, `acme holds archive version 2 from ${NOW} on already: nothing to change`],
])('what is held then is told (%o)', async (changes, text) => {
  body = { ...ADD_ON, ...changes, preview: null };
  expect((await run('add-on', 'add', 'acme', 'archive')).out).toBe(`${text}\n`);
});

test.each([
  [{}, `acme holds archive no more from ${NOW} on`],
  [{ quantities: ['seats'] }, `acme holds archive no more from ${NOW} on, nor what it held of seats`],
  [{ unchanged: true }, `acme does not hold archive from ${NOW} on already: nothing to change`],
])('an add-on is taken (%o)', async (changes, text) => {
  body = { ...ADD_ON, to: null, ...changes, preview: null };
  const { out } = await run('add-on', 'remove', 'acme', 'archive', '--at', 'period_end', '--reason', 'asked');
  expect(sent()).toEqual(['/v1/tenants/acme/add-ons/archive/end', { at: 'period_end', reason: 'asked' }]);
  expect(out).toBe(`${text}\n`);
});

const CHARGE = '{ key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.123456789123456789 } }';

test('a price of its own is sent as it is written, from the line or a file', async () => {
  body = PRICE;
  const { out, exitCode } = await run('set-price', 'acme', CHARGE, '--until', '2027-01-01', '--dry-run');
  expect(exitCode).toBe(0);
  expect(sent()).toEqual([
    '/v1/tenants/acme/prices?dryRun=true',
    { charge: CHARGE, until: '2027-01-01T00:00:00Z', at: 'now' },
  ]);
  expect(out.trimEnd().split('\n')).toEqual([
    `calls of acme would be from ${NOW} until 2027-01-01T00:00:00Z, in small:`,
    '  before  calls · 1 each',
    '  after   calls · 0.5 each',
    'this period so far, from 2026-11-01T00:00:00Z: 20.00 → 30.56 USD',
    'dry run: nothing was changed',
  ]);

  folder.write('price.yaml', CHARGE);
  expect((await run('set-price', 'acme', 'price.yaml')).exitCode).toBe(0);
  expect(JSON.parse(fake.requests[1]?.body ?? '')).toEqual({ charge: CHARGE, at: 'now' });
});

test('a price of its own is ended by the key of its charge', async () => {
  body = { ...PRICE, dryRun: false, plan: null, until: null, to: null, preview: null };
  const { out } = await run('set-price', 'acme', 'calls', '--remove', '--at', 'period_end');
  expect(sent()).toEqual(['/v1/tenants/acme/prices/calls/end', { at: 'period_end' }]);
  expect(out.trimEnd().split('\n')).toEqual([
    `calls of acme from ${NOW} on:`,
    '  before  calls · 1 each',
    '  after   not charged',
  ]);
});

test('a file that is not there is told in one line, and --json is for programs', async () => {
  const missing = await run('set-price', 'acme', 'nowhere.yaml');
  expect([missing.exitCode, missing.err]).toEqual([2, expect.stringContaining('nowhere.yaml')]);
  body = { ...PRICE, unchanged: true };
  expect((await run('set-price', 'acme', CHARGE)).out).toContain('as it is already: nothing to change');
  expect(JSON.parse((await run('set-price', 'acme', CHARGE, '--json')).out)).toEqual(body);
});
