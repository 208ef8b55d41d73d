/**
 * `npm run mutation -- [--every N] [--first M] FILE …`: changes one operator or constant of the given files at a time, in a copy of the
 * project, and runs the tests of rating against it. A change that no test notices is printed: a test is missing, or the change means
 * nothing. `--every 4 --first 0` to `--first 3` are four samples that together are all changes.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { type Mutant, mutantsOf } from './mutants.ts';

const COPIED = ['src', 'test', 'tools', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
/** The tests that a change must not get past. */
const TESTS = ['test/rating', 'test/conformance/pricing-cases.test.ts'];
/** A change may make a loop endless. */
const RUN_MS_MAX = 120_000;
const PROPERTY_RUNS = '20';

const { values, positionals } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    tests: { type: 'string', multiple: true, default: TESTS },
  },
  allowPositionals: true,
});
if (positionals.length === 0) throw new Error('give the files to change, such as src/rating/exact.ts');

const folder = mkdtempSync(join(tmpdir(), 'mutation-'));
for (const name of COPIED) cpSync(name, join(folder, name), { recursive: true });
symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));

function runTests(): { readonly isGreen: boolean; readonly output: string } {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--bail',
      '1',
      '--no-isolate',
      '--maxWorkers',
      '1',
      '--reporter',
      'dot',
      ...values.tests,
    ],
    {
      cwd: folder,
      timeout: RUN_MS_MAX,
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC', TOLLKEEPER_TEST_STACK: 'none', RATING_RUNS: PROPERTY_RUNS },
    },
  );
  return { isGreen: status === 0, output: stdout };
}

function survives(mutant: Mutant, original: string): boolean {
  const file = join(folder, mutant.file);
  writeFileSync(file, mutant.text);
  try {
    return runTests().isGreen;
  } finally {
    writeFileSync(file, original);
  }
}

try {
  const unchanged = runTests();
  if (!unchanged.isGreen) throw new Error(`the tests are red without any change:\n${unchanged.output}`);
  let [tried, survived] = [0, 0];
  for (const file of positionals) {
    const original = readFileSync(join(folder, file), 'utf8');
    const mutants = mutantsOf(file, original).filter(
      (_, index) => index % Number(values.every) === Number(values.first),
    );
    for (const mutant of mutants) {
      tried += 1;
      if (!survives(mutant, original)) continue;
      survived += 1;
      const line = original.split('\n')[mutant.line - 1]?.trim() ?? '';
      console.log(
        `SURVIVES ${file}:${mutant.line} ${mutant.before.trim()} → ${mutant.after.trim() || 'nothing'}: ${line}`,
      );
    }
    console.log(`${file}: ${mutants.length} changes`);
  }
  console.log(`${tried} changes, ${survived} survived`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
