import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeAnswer, FakeApi, ReceivedRequest } from '../client/fake-api.ts';
import { startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

const PLAN = { key: 'basic', version: 2, name: 'Basic', stored: false };
const BILL = {
  plan: PLAN,
  tenant: null,
  period: { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
  currency: 'USD',
  lines: [
    {
      description: 'Calls',
      quantity: '18059974',
      unit: 'call',
      amount: '51.18',
      sentence: '1,000,000 × 0 = 0, then 17,059,974 × 0.000003 = 51.179922, rounded to 51.18',
    },
  ],
  subtotalMinor: '5118',
  taxLines: [],
  taxMinor: '0',
  totalMinor: '5118',
  total: '51.18',
};

let folder: CliFolder;
let fake: FakeApi;
let answer: (request: ReceivedRequest) => FakeAnswer;

beforeEach(async () => {
  folder = cliFolder();
  answer = () => ({ status: 200, body: BILL });
  fake = await startFakeApi((request) => answer(request));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function run(...words: string[]): Promise<CliRun> {
  return folder.run(['simulate', ...words], { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_environment' });
}

function sent(): unknown {
  return JSON.parse(fake.requests[0]?.body ?? 'null');
}

test('usage of charges and meters, with prices from a file, becomes a bill with its arithmetic', async () => {
  folder.write('new.yaml', 'plans: []');
  folder.write('more.json', '[{"charge": "cards", "amounts": ["10", "80"]}]');
  const { out } = await run(
    '--file',
    'new.yaml',
    '--usage',
    'calls=18059974',
    'meter:gb=1.5',
    '--usage-file',
    'more.json',
  );
  expect(sent()).toEqual({
    catalogue: 'plans: []',
    file: 'new.yaml',
    usage: [
      { charge: 'calls', quantity: '18059974' },
      { meter: 'gb', quantity: '1.5' },
      { charge: 'cards', amounts: ['10', '80'] },
    ],
  });
  expect(out).toContain('plan Basic (basic v2, not applied)');
  expect(out).toMatch(/Calls +18,059,974 call +51\.18/);
  expect(out).toContain('Calls: 1,000,000 × 0 = 0, then 17,059,974 × 0.000003 = 51.179922, rounded to 51.18');
});

test('a past period of a tenant shows what was billed beside it', async () => {
  const billed = { invoice: 'inv_a', totalMinor: '4000', total: '40.00' };
  answer = () => ({ status: 200, body: { ...BILL, tenant: 'acme', billed } });
  const { out } = await run('--plan', 'basic@2', '--tenant', 'acme', '--period', 'last');
  expect(sent()).toEqual({ plan: 'basic@2', tenant: 'acme', period: 'last' });
  expect(out).toMatch(/Billed by inv_a +40\.00/);
});

function row(tenant: string, currency: string, billedMinor: string | null, wouldBeMinor: string | null) {
  const difference = billedMinor === null || wouldBeMinor === null ? null : BigInt(wouldBeMinor) - BigInt(billedMinor);
  return {
    tenant,
    currency,
    period: BILL.period,
    plan: { key: 'old', version: 1 },
    invoice: billedMinor === null ? null : 'inv_b',
    billedMinor,
    wouldBeMinor,
    differenceMinor: difference?.toString() ?? null,
    problems: wouldBeMinor === null ? ['it is billed in GBP'] : [],
  };
}

test('without usage and tenant all tenants are compared, page by page, with totals of each currency', async () => {
  const pages = [
    { data: [row('acme', 'USD', '1000', '1500'), row('globex', 'JPY', '700', '500')], nextCursor: 'next' },
    { data: [row('initech', 'USD', '2000', '1000'), row('umbrella', 'GBP', '9', null)], nextCursor: null },
  ];
  answer = ({ body }) => {
    const page = (JSON.parse(body) as { cursor?: string }).cursor === undefined ? 0 : 1;
    return { status: 200, body: { plan: PLAN, asOf: BILL.period.start, tenants: 4, ...pages[page] } };
  };
  const { out, err } = await run('--plan', 'basic', '--period', 'last');
  expect(err).toBe('2 of 4 tenants\n');
  expect(out).toMatch(/acme +old v1 +2026-11-01 +10\.00 +15\.00 +5\.00/);
  expect(out).toMatch(/globex +old v1 +2026-11-01 +700 +500 +-200/);
  expect(out).toMatch(/umbrella .* it is billed in GBP/);
  expect(out).toMatch(/Total USD +2 tenants +30\.00 +25\.00 +-5\.00/);
  expect(out).toMatch(/Total JPY +1 tenants +700 +500 +-200/);
  expect(out).not.toContain('Total GBP');
});

test.each([
  [[], 'which prices? Give --plan KEY, or --file FILE'],
  [['--plan', 'a', '--usage', 'calls'], '--usage calls is not understood'],
  [['--file', 'missing.yaml'], 'missing.yaml is not there'],
  [['--plan', 'a', '--usage-file', 'list.json'], 'list.json is no JSON list of usage'],
])('%j is refused before anything is sent', async (words, line) => {
  folder.write('list.json', '{}');
  const { exitCode, err } = await run(...words);
  expect([exitCode, fake.requests.length]).toEqual([2, 0]);
  expect(err).toContain(line);
});
