import { existsSync, readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { formatInstant } from '../../src/domain/instant.ts';
import { compareAnswer } from '../../tools/conformance/compare-answer.ts';
import { sendCase, type ConformanceCase, type Placeholders } from '../../tools/conformance/ingest-case.ts';
import { ingestCatalogue } from '../../tools/conformance/ingest-catalogue.ts';
import { growth, nonZero, readTotals } from '../../tools/conformance/ingest-counters.ts';
import { createIngestStack, serveIngest, type IngestStack } from './ingest-stack.ts';

/** The cases are kept beside the repository, for all who implement the rules. */
const CASES_FILE = new URL('../../../shared/conformance/ingest-cases.jsonl', import.meta.url);
const hasCases = existsSync(CASES_FILE);
const cases = hasCases
  ? readFileSync(CASES_FILE, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ConformanceCase)
  : [];
if (!hasCases) console.warn(`the conformance cases are not there (${CASES_FILE.pathname}): nothing was checked`);

/** In the middle of a month, so that 36 days back and an hour ahead have periods of their own. */
const NOW = '2026-11-20T10:30:15Z';
const NOW_MS = Date.parse(NOW);
const BILLING_START = formatInstant((NOW_MS - 61 * 86_400_000) * 1_000);

describe.skipIf(!hasCases)('ingest conformance', () => {
  let stack: IngestStack;
  let server: { url: string; close: () => Promise<void> };
  let placeholders: Placeholders;

  beforeAll(async () => {
    stack = await createIngestStack({ now: NOW, yaml: ingestCatalogue(BILLING_START) });
    server = await serveIngest(stack.service);
    placeholders = {
      run: 'run0run0run0',
      nowMs: NOW_MS,
      keys: {
        write: await stack.createKey('write', ['ingest']),
        read: await stack.createKey('read', ['read']),
        acme: await stack.createKey('acme', ['ingest'], { tenant: 'acme' }),
        revoked: await stack.createKey('revoked', ['ingest'], { revoked: true }),
      },
    };
  });
  afterAll(async () => {
    await server.close();
    await stack.close();
  });

  test.each(cases.map((one) => [one.id, one.title, one] as const))('%s %s', async (_id, _title, one) => {
    const before = await readTotals(stack.redis, stack.meter.shardCount);
    const steps = one.steps ?? [
      { request: one.request ?? {}, expect: one.expect ?? { status: 0, outcomes: null, path: null } },
    ];
    for (const step of steps) {
      const answer = await sendCase(server.url, step.request, placeholders);
      expect(compareAnswer(answer, step.expect)).toEqual([]);
    }
    if (one.counted !== undefined)
      expect(growth(before, await readTotals(stack.redis, stack.meter.shardCount))).toEqual(nonZero(one.counted));
  });
});
