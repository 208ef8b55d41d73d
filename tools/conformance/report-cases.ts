import type { CaseLine } from './pricing-case.ts';
import { answerText, runCase } from './run-case.ts';

/** Lines to print, and how many cases failed. */
export interface CaseReport {
  readonly output: readonly string[];
  readonly failed: number;
}

/** Runs the cases of a file: a line for each that failed, then the totals. A file without cases fails too: nothing was shown. */
export function reportOf(lines: readonly CaseLine[]): CaseReport {
  if (lines.length === 0) return { output: ['FAIL the file has no cases'], failed: 1 };
  const failures = lines.map(failureOf).filter((failure) => failure !== undefined);
  const totals = `${lines.length - failures.length} passed, ${failures.length} failed`;
  return { output: [...failures, totals], failed: failures.length };
}

function failureOf(one: CaseLine): string | undefined {
  if ('problem' in one) return `FAIL line ${one.line}: ${one.problem}`;
  const { id, model, expected } = one.case;
  const { isRight, got } = runCase(one.case);
  return isRight ? undefined : `FAIL ${id} ${model}: expected ${answerText(expected)}, got ${got}`;
}
