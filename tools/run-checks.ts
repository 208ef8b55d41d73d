/**
 * `npm test`: every check of the project, one after the other, and one last line for the whole: `N passed, N failed`.
 * A check that is not a test run (format, lint, types, build) counts as one. All of them run even when one fails, so that a
 * single run shows everything that is wrong; the exit code is 1 then.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

const CHECKS: readonly (readonly [name: string, script: string])[] = [
  ['format', 'format:check'],
  ['lint', 'lint'],
  ['types', 'typecheck'],
  ['imports', 'imports'],
  ['build', 'build'],
];

function runScript(script: string, extra: readonly string[] = []): boolean {
  const result = spawnSync('npm', ['run', '--silent', script, ...(extra.length > 0 ? ['--', ...extra] : [])], {
    stdio: 'inherit',
    env: { ...process.env, TZ: 'UTC' },
  });
  return result.status === 0;
}

function announce(name: string, startedAt: number, passed: boolean): void {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
}

function runChecks(tally: Tally): void {
  for (const [name, script] of CHECKS) {
    const startedAt = performance.now();
    const passed = runScript(script);
    announce(name, startedAt, passed);
    tally[passed ? 'passed' : 'failed'] += 1;
  }
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    // A runner that died leaves no readable report: the caller counts that as one failure.
    return undefined;
  }
}

function runTests(tally: Tally): void {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-report-'));
  const file = join(folder, 'vitest.json');
  const startedAt = performance.now();
  const passed = runScript('test:unit', ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  const report = readReport(file);
  rmSync(folder, { recursive: true, force: true });
  announce('tests', startedAt, passed);
  if (report === undefined) {
    tally.failed += 1;
    return;
  }
  tally.passed += report.numPassedTests;
  tally.failed += report.numFailedTests;
  tally.skipped += report.numPendingTests;
  // A file that cannot be loaded, or an error outside of any test, fails the run without a failed test.
  if (!passed && report.numFailedTests === 0) tally.failed += 1;
}

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
runChecks(tally);
runTests(tally);
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
console.log(`${tally.passed} passed, ${tally.failed} failed${skipped}`);
process.exitCode = tally.failed === 0 ? 0 : 1;
