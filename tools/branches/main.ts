/**
 * `npm run coverage`: runs the tests of the pure code and prints, file by file, how many of its branches ran, and where those are that
 * never did. Node counts, on the sources as they are; what a branch is, is V8's: a block or function that it counts apart.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { branchesOf, type ScriptCoverage } from './branches.ts';

const FOLDERS = ['src/rating', 'src/domain'];
const TESTS = ['test/rating', 'test/domain', 'test/conformance/pricing-cases.test.ts'];
const TEXT_CHARACTERS_MAX = 80;

const folder = mkdtempSync(join(tmpdir(), 'coverage-'));
try {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--root', '.', '--config', 'tools/branches/vitest.config.ts', ...TESTS],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, TZ: 'UTC', TOLLKEEPER_TEST_STACK: 'none', NODE_V8_COVERAGE: folder },
    },
  );
  if (status !== 0) console.error('some tests are red: run them by themselves');
  report(readCoverage(folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function readCoverage(from: string): Map<string, ScriptCoverage[]> {
  const byUrl = new Map<string, ScriptCoverage[]>();
  for (const name of readdirSync(from)) {
    const { result } = JSON.parse(readFileSync(join(from, name), 'utf8')) as { result: ScriptCoverage[] };
    for (const script of result) {
      const [url = ''] = script.url.split('?');
      const known = byUrl.get(url);
      if (known === undefined) byUrl.set(url, [script]);
      else known.push(script);
    }
  }
  return byUrl;
}

function report(byUrl: ReadonlyMap<string, readonly ScriptCoverage[]>): void {
  let [all, ran] = [0, 0];
  for (const file of FOLDERS.flatMap((one) => globSync(`${one}/**/*.ts`)).toSorted()) {
    const text = readFileSync(file, 'utf8');
    const coverages = byUrl.get(pathToFileURL(resolve(file)).href) ?? [];
    if (coverages.length === 0) {
      console.log(`${file}: never loaded, or types alone`);
      continue;
    }
    const branches = branchesOf(coverages, text.length);
    all += branches.all;
    ran += branches.all - branches.never.length;
    if (branches.never.length === 0) continue;
    console.log(`${file}: ${branches.all - branches.never.length} of ${branches.all}`);
    for (const { start, end } of branches.never) {
      const line = text.slice(0, start).split('\n').length;
      const shown = text.slice(start, end).replace(/\s+/g, ' ').trim().slice(0, TEXT_CHARACTERS_MAX);
      console.log(`  ${file}:${line} ${shown}`);
    }
  }
  console.log(`${ran} of ${all} branches, ${((100 * ran) / all).toFixed(1)} %`);
}
