/**
 * `npm run conformance -- FILE`: runs every case of a pricing file through the rating and period code of the product. One line per
 * failed case, then `N passed, N failed`; exit code 1 when anything failed.
 */
import { Command } from 'commander';

import { readCases } from './pricing-case.ts';
import { reportOf } from './report-cases.ts';

const program = new Command('npm run conformance --')
  .description('Runs every case of a pricing conformance file (JSON lines) and compares the answers as exact decimals.')
  .argument('<file>', 'for example ../shared/conformance/pricing-cases.jsonl')
  .parse();
const { output, failed } = reportOf(readCases(program.args[0] ?? ''));
for (const line of output) console.log(line);
process.exitCode = failed === 0 ? 0 : 1;
