/**
 * `npm run conformance -- FILE`: runs every case of a pricing file through the rating and period code of the product. One line per
 * failed case, then `N passed, N failed`; exit code 1 when anything failed.
 */
import { existsSync } from 'node:fs';

import { Command } from 'commander';

import { readCases } from './pricing-case.ts';
import { reportOf } from './report-cases.ts';

const program = new Command('npm run conformance --')
  .description('Runs every case of a pricing conformance file (JSON lines) and compares the answers as exact decimals.')
  .argument('<file>', 'for example ../shared/conformance/pricing-cases.jsonl')
  .parse();

const path = program.args[0] ?? '';
if (existsSync(path)) {
  const { output, failed } = reportOf(readCases(path));
  for (const line of output) console.log(line);
  process.exitCode = failed === 0 ? 0 : 1;
} else {
  console.error(`there is no file ${path} in ${process.cwd()}`);
  process.exitCode = 1;
}
