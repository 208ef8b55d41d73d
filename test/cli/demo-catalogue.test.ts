import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { demoCatalogue } from '../../src/cli/demo/demo-catalogue.ts';
import { projectFile } from '../../src/cli/project-files.ts';

const FILE = projectFile('examples/catalog.yaml');
const RUN = { name: 'r1', billingStart: '2026-11-20T10:00:07Z', lateWindowSeconds: 10 };

test('a run has tenants of its own, billed by the minute from its start', () => {
  const { yaml, tenants, eventType } = demoCatalogue(readFileSync(FILE, 'utf8'), FILE, RUN);
  const file = parse(yaml) as { tenants: Record<string, unknown>[] };
  expect(tenants.length).toBeGreaterThanOrEqual(3);
  expect(file.tenants.map(({ id }) => id)).toEqual(tenants.map(({ id }) => id));
  for (const tenant of file.tenants) {
    expect(tenant).toMatchObject({ billingStart: RUN.billingStart, periodLength: 'minute', lateWindow: '10s' });
    expect(tenant['id']).toMatch(/-r1$/);
  }
  expect(eventType).toBe('llm.request');
});

test('prices keep their spelling: no number of the file becomes a float', () => {
  const { tenants, yaml } = demoCatalogue(
    'meters: [{ key: a, aggregation: count }]\nplans: [{ key: p, currency: USD, charges: [{ key: c, meter: a, price: { model: per_unit, unitPrice: 0.0000000001 } }] }]\ntenants: [{ id: t, name: T, plan: p }]\n',
    FILE,
    RUN,
  );
  expect(tenants[0]?.plan.charges?.[0]?.price).toEqual({ model: 'per_unit', unitPrice: '0.0000000001' });
  expect(yaml).toContain('0.0000000001');
  expect(yaml).not.toContain('1e-10');
});

test('a file that is no YAML is named', () => {
  expect(() => demoCatalogue('tenants: [', 'catalog.yaml', RUN)).toThrow(/^catalog\.yaml: /);
});
