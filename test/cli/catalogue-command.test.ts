import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeApi } from '../client/fake-api.ts';
import { startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

let folder: CliFolder;
let fake: FakeApi;
let changes: readonly object[];

beforeEach(async () => {
  folder = cliFolder();
  folder.write('catalog.yaml', 'plans: []\n');
  fake = await startFakeApi(() => ({ status: 200, body: { dryRun: true, catalogueVersion: 2, changes } }));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function run(...words: string[]): Promise<CliRun> {
  return folder.run(words, { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_environment' });
}

const PLAN_CHANGE = {
  kind: 'plan',
  key: 'growth',
  action: 'new_version',
  details: {
    version: 2,
    changed: [
      { path: 'charges[calls].price.unitPrice', from: '0.1', to: '0.2' },
      { path: 'name', from: 'Growth', to: 'Grown' },
    ],
    prices: [
      { what: 'base fee', before: null, after: '20' },
      { what: 'charge calls', before: 'calls · 0.1 each', after: 'calls · 0.2 each' },
      { what: 'charge storage', before: 'stored · 1 each', after: null },
    ],
    staying: { count: 1_201, tenants: ['acme', 'globex'] },
  },
};

const UNCHANGED = { kind: 'tenant', key: 'acme', action: 'unchanged', details: {} };

test('plan shows each price before and after, and who stays on the earlier version, and changes nothing', async () => {
  changes = [PLAN_CHANGE, UNCHANGED];
  const { exitCode, out } = await run('plan', 'catalog.yaml');
  expect(exitCode).toBe(0);
  expect(fake.requests.map(({ path }) => path)).toEqual(['/v1/catalogue?dryRun=true&file=catalog.yaml']);
  expect(out).toBe(`action       kind  key     details
new version  plan  growth  version 2; name: Growth → Grown

plan growth, version 2
  base fee
    new     20
  charge calls
    before  calls · 0.1 each
    after   calls · 0.2 each
  charge storage
    gone    stored · 1 each
  1,201 tenants stay on their earlier version: acme, globex and 1,199 more
    tollkeeper migrate growth --to 2 moves them (--dry-run: who would pay what), or planVersion in the file does

1 unchanged
dry run: nothing was changed
`);
});

test('plan --check and diff --check end with 1 when the file would change something', async () => {
  changes = [PLAN_CHANGE];
  expect((await run('plan', 'catalog.yaml')).exitCode).toBe(0);
  expect((await run('plan', 'catalog.yaml', '--check')).exitCode).toBe(1);
  changes = [UNCHANGED];
  expect(await run('diff', 'catalog.yaml', '--check')).toEqual({
    exitCode: 0,
    out: 'nothing to change: 1 definitions are as the file says\n',
    err: '',
  });
});

test('plan --json has what the service answered', async () => {
  changes = [PLAN_CHANGE];
  const { out } = await run('plan', 'catalog.yaml', '--json');
  expect(JSON.parse(out)).toEqual({ dryRun: true, catalogueVersion: 2, changes });
});

test('schema prints the published schema without asking anybody', async () => {
  const { exitCode, out } = await run('schema');
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: readFileSync('docs/catalogue.schema.json', 'utf8') });
  expect(fake.requests).toEqual([]);
});
