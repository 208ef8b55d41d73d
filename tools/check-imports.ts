/** `npm run imports`: fails on any import that the table in `tools/import-table.ts` does not allow, and on cycles. */
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { cruiseOptions, importRules } from './import-table.ts';

const FOLDERS = ['src', 'workflows', 'activities', 'worker'];

const { output } = await cruise(FOLDERS, { ...cruiseOptions, ruleSet: { forbidden: importRules }, validate: true });
const { violations, totalCruised } = (output as ICruiseResult).summary;
for (const { rule, from, to } of violations) console.error(`${from} → ${to}: ${rule.name}`);
if (violations.length > 0) {
  console.error(`${violations.length} imports break the import table (docs/decisions/0002-stations-and-imports.md)`);
  process.exitCode = 1;
} else if (totalCruised === 0) {
  console.error('no module was found: run it from the top folder of the project');
  process.exitCode = 1;
}
