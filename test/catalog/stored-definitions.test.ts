import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { meterOf, planOf, tenantOf } from '../../src/catalog/definitions.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { canonicalJson } from '../../src/domain/canonical.ts';

/**
 * The definitions as an earlier release stored them: a field that is new since must be left out where a file does not give it, or the
 * same file would make a new version of everything, and move nobody to it.
 */
test('a file that was applied before defines what is stored', () => {
  const { file } = parseCatalogue(readFileSync('test/catalog/stored/before.yaml', 'utf8'), 'before.yaml');
  const defined = {
    meters: file.meters.map((meter) => meterOf(meter, 1)),
    plans: file.plans.map((plan) => planOf(plan, 1)),
    tenants: file.tenants.map((tenant) => tenantOf(tenant, '2026-01-01T00:00:00Z', false)),
  };
  const stored: unknown = JSON.parse(readFileSync('test/catalog/stored/before.json', 'utf8'));
  expect(JSON.parse(canonicalJson(defined))).toEqual(stored);
});
