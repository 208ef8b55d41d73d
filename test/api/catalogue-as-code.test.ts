import { afterAll, beforeAll, expect, test } from 'vitest';

import { type CliFolder, cliFolder } from '../cli/cli-runs.ts';
import { type ApiBench, CATALOGUE, openApiBench } from './api-bench.ts';

let bench: ApiBench;
let folder: CliFolder;

beforeAll(async () => {
  bench = await openApiBench();
  folder = cliFolder();
});

afterAll(async () => {
  folder.remove();
  await bench.close();
});

function run(...words: string[]) {
  return folder.run(words, { TOLLKEEPER_URL: bench.url, TOLLKEEPER_API_KEY: bench.adminKey });
}

async function versionOf(): Promise<number> {
  return (await bench.call('GET', '/v1/catalogue')).body.catalogueVersion;
}

test('a file is planned, applied, changed and planned again, and only apply changes anything', async () => {
  folder.write('catalog.yaml', CATALOGUE);
  const first = await run('plan', 'catalog.yaml', '--check');
  expect([first.exitCode, await versionOf()]).toEqual([1, 1]);
  expect(first.out).toContain('\nplan basic, version 1\n');
  expect(first.out).toContain('\n  charge calls\n    new     calls · 0.1 each\n');

  expect((await run('apply', 'catalog.yaml')).exitCode).toBe(0);
  expect((await run('plan', 'catalog.yaml', '--check')).exitCode).toBe(0);

  const dearer = '{ model: volume, bands: [{ upTo: 1000, unitPrice: 0.10 }, { unitPrice: 0.08 }] }';
  folder.write('catalog.yaml', CATALOGUE.replace('{ model: per_unit, unitPrice: 0.10 }', dearer));
  const before = await versionOf();
  const second = await run('plan', 'catalog.yaml');
  expect(second.out).toContain(`
  charge calls
    before  calls · 0.1 each
    after   calls · volume: all at 0.1 each up to 1,000; all at 0.08 each above
  2 tenants stay on their earlier version: acme, globex
`);
  expect(second.out).toMatch(/dry run: nothing was changed\n$/);
  expect(await versionOf()).toBe(before);
});

test('a plan that cannot be rated is refused with its place and the cure, and nothing is changed', async () => {
  folder.write(
    'wrong.yaml',
    CATALOGUE.replace('model: per_unit, unitPrice: 0.10', 'model: volume, bands: [{ upTo: 5, unitPrice: 1 }]'),
  );
  const before = await versionOf();
  const { exitCode, err } = await run('apply', 'wrong.yaml');
  expect(exitCode).toBe(2);
  expect(err).toMatch(
    /^tollkeeper: wrong\.yaml:\d+:\d+ plans\[0\]\.charges\[0\]\.price\.bands\[0\]\.upTo: the last band must be open/,
  );
  expect(await versionOf()).toBe(before);
});
