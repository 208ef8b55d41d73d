import { readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { countAlerts, countThresholdSignals } from '../../src/metrics/alert-metrics.ts';
import { measureCheck, measureIngest } from '../../src/metrics/ingest-metrics.ts';
import { createMemoryMetrics } from '../../src/metrics/memory-metrics.ts';
import { createProgramMetrics } from '../../src/metrics/program-metrics.ts';
import { countReservations } from '../../src/metrics/reservation-metrics.ts';
import { createStoreMetrics } from '../../src/metrics/store-metrics.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const file = parse(readFileSync('docs/prometheus-alerts.yaml', 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = file.groups.flatMap((group) => group.rules);
const operations = readFileSync('docs/operations.md', 'utf8');

const never = () => Promise.reject(new Error('not asked'));

/** Every metric of ours with its labels, from the instruments themselves. */
async function instruments(): Promise<Map<string, readonly string[]>> {
  const metrics = createProgramMetrics({ program: 'api', mode: 'test', profile: 'fast', dedupWindowSeconds: 1 });
  const { registry } = metrics;
  metrics.watchPool({ totalCount: 0, idleCount: 0, waitingCount: 0 });
  measureIngest(registry, never);
  measureCheck(registry, never);
  countThresholdSignals(registry);
  countAlerts(registry);
  countReservations(registry);
  createMemoryMetrics(registry, { usedBytes: null, maxBytes: null, isFull: false });
  createStoreMetrics(registry, { readJournals: never, readLedger: never, clock: () => 0 });
  return labelsOf(registry);
}

function labelsOf(registry: Registry): Map<string, readonly string[]> {
  const known = registry.getMetricsAsArray() as unknown as { name: string; labelNames?: readonly string[] }[];
  return new Map(
    known
      .filter(({ name }) => name.startsWith('tollkeeper_'))
      .map(({ name, labelNames }): [string, readonly string[]] => [name, labelNames ?? []]),
  );
}

function baseName(series: string): string {
  return series.replace(/_(count|sum|bucket)$/, '');
}

/** As the table writes the second and later alerts of a row. */
function shortened(alert: string): string {
  return alert.replace(/^Tollkeeper/, '…');
}

describe('docs/prometheus-alerts.yaml', () => {
  test('asks only for metrics and labels that there are', async () => {
    const known = await instruments();
    for (const { alert, expr } of rules) {
      const used = [...expr.matchAll(/(tollkeeper_\w+)(?:\{([^}]*)\})?/g)];
      expect([alert, used.length > 0]).toEqual([alert, true]);
      for (const [, series = '', matchers = ''] of used) {
        const labels = [...matchers.matchAll(/(\w+)\s*(?:=~?|!=|!~)/g)].map(([, label]) => label);
        expect([alert, series, known.has(baseName(series))]).toEqual([alert, series, true]);
        expect(known.get(baseName(series))).toEqual(expect.arrayContaining(labels));
      }
    }
  });

  test('has rules of unique names that say how bad it is and what it means', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Tollkeeper[A-Z]\w+$/);
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.description.length).toBeGreaterThan(20);
      expect(annotations.summary.length).toBeGreaterThan(10);
    }
  });

  test('names each alert in docs/operations.md', () => {
    const missing = rules.filter(({ alert }) => !operations.includes(alert) && !operations.includes(shortened(alert)));
    expect(missing).toEqual([]);
  });
});

describe('docs/operations.md', () => {
  test('lists every metric with its labels, and no other', async () => {
    const listed = [...operations.matchAll(/`(tollkeeper_\w+)(?:\{([^}]*)\})?`/g)].map(
      ([, name = '', labels]): [string, readonly string[]] => [name, labels?.split(', ') ?? []],
    );
    expect(new Map(listed)).toEqual(await instruments());
  });
});
