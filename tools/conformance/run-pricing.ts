/**
 * `npm run conformance -- FILE`: runs every case of a pricing file through the rating and period code of the product. One line per
 * failed case, then `N passed, N failed`; exit code 1 when anything failed.
 */
import { Command } from 'commander';

import { type CaseLine, readCases } from './pricing-case.ts';
import { answerText, runCase } from './run-case.ts';

/** The line to print of a case that failed; `undefined` when it passed. */
function failureOf(one: CaseLine): string | undefined {
  if ('problem' in one) return `FAIL line ${one.line}: ${one.problem}`;
  const { id, model, expected } = one.case;
  const { isRight, got } = runCase(one.case);
  return isRight ? undefined : `FAIL ${id} ${model}: expected ${answerText(expected)}, got ${got}`;
}

function runFile(path: string): number {
  const lines = readCases(path);
  const failures = lines.map(failureOf).filter((failure) => failure !== undefined);
  for (const failure of failures) console.log(failure);
  console.log(`${lines.length - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

const program = new Command('npm run conformance --')
  .description('Runs every case of a pricing conformance file (JSON lines) and compares the answers as exact decimals.')
  .argument('<file>', 'for example ../shared/conformance/pricing-cases.jsonl')
  .parse();
process.exitCode = runFile(program.args[0] ?? '');
