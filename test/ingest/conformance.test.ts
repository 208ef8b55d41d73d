import { existsSync, readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { formatInstant } from '../../src/domain/instant.ts';
import { scaledText } from '../../src/domain/quantity.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { usageKey, shardOf } from '../../src/meter/keys.ts';
import { expandOutcomes, sendCase, type ConformanceCase, type Placeholders } from './conformance-case.ts';
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

const SCALES: Readonly<Record<string, number>> = { gb: 3, transfer_gb: 3, transfer_gb_eu: 3 };

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: gb, aggregation: sum, unit: GB, scale: 3 }
  - { key: big, aggregation: sum, unit: thing }
  - { key: requests, eventType: llm.request, aggregation: count, unit: request }
  - { key: tokens_in, eventType: llm.request, aggregation: sum, value: { property: inputTokens }, unit: token }
  - { key: tokens_out, eventType: llm.request, aggregation: sum, value: { property: outputTokens }, unit: token }
  - { key: transfer_gb, eventType: transfer, aggregation: sum, value: { property: gb }, unit: GB, scale: 3 }
  - key: transfer_gb_eu
    eventType: transfer
    aggregation: sum
    value: { property: gb }
    filter: [{ property: region, equals: eu }]
    unit: GB
    scale: 3
  - { key: seats_peak, eventType: seats, aggregation: max, value: { property: count }, unit: seat }
  - { key: active_users, eventType: login, aggregation: unique, value: { property: user }, unit: user }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, timeZone: UTC, billingStart: ${BILLING_START}, plan: basic }
  - { id: globex, currency: USD, timeZone: UTC, billingStart: ${BILLING_START}, plan: basic }
`;

describe.skipIf(!hasCases)('ingest conformance', () => {
  let stack: IngestStack;
  let server: { url: string; close: () => Promise<void> };
  let placeholders: Placeholders;

  beforeAll(async () => {
    stack = await createIngestStack({ now: NOW, yaml: YAML });
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
    const before = await readTotals(stack);
    const steps = one.steps ?? [
      { request: one.request ?? {}, expect: one.expect ?? { status: 0, outcomes: null, path: null } },
    ];
    for (const step of steps) {
      const answer = await sendCase(server.url, step.request, placeholders);
      expect(answer.status, JSON.stringify(answer.body)).toBe(step.expect.status);
      const { outcomes, path } = step.expect;
      if (outcomes === null) {
        expect(answer.body).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
        if (answer.status === 401) expect(answer.headers['www-authenticate']).toBeDefined();
        continue;
      }
      const { results } = answer.body as { results: EventResult[] };
      expect(results.map(({ outcome }) => outcome)).toEqual(expandOutcomes(outcomes));
      const firstInvalid = results.find(({ outcome }) => outcome === 'invalid');
      if (path !== null) expect(firstInvalid?.path).toBe(path);
      step.expect.paths?.forEach((expected, index) => {
        if (expected !== null) expect(results[index]?.path).toBe(expected);
      });
    }
    if (one.counted !== undefined) expect(growth(before, await readTotals(stack))).toEqual(nonZero(one.counted));
  });
});

type Totals = ReadonlyMap<string, bigint>;

/** Every counter of both tenants, over all periods. `max` meters read as they are, `unique` ones from the journal's readings. */
async function readTotals(stack: IngestStack): Promise<Totals> {
  const totals = new Map<string, bigint>();
  for (const tenant of ['acme', 'globex']) {
    const shard = shardOf(tenant, stack.meter.shardCount);
    for (const key of await stack.redis.keys(usageKey(shard, tenant, '*'))) {
      for (const [field, value] of Object.entries(await stack.redis.hgetall(key))) {
        if (field.includes('#')) continue;
        totals.set(`${tenant}/${field}`, (totals.get(`${tenant}/${field}`) ?? 0n) + BigInt(value));
      }
    }
  }
  const users = await distinctUsers(stack);
  if (users > 0n) totals.set('acme/active_users', users);
  return totals;
}

async function distinctUsers(stack: IngestStack): Promise<bigint> {
  const digests = new Set<string>();
  const shard = shardOf('acme', stack.meter.shardCount);
  for (const [, fields] of await stack.redis.xrange(`tk:{s${String(shard).padStart(2, '0')}}:journal`, '-', '+')) {
    const of = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    const { meters } = JSON.parse(of('i')) as { meters: [string, number, string][] };
    const events = JSON.parse(of('e')) as [number, string, string, number, string, unknown, [number, string][]][];
    for (const [index, event] of events.entries()) {
      if (of('o')[index] !== 'A') continue;
      for (const [meter, value] of event[6]) if (meters[meter]?.[2] === 'unique') digests.add(value);
    }
  }
  return BigInt(digests.size);
}

function growth(before: Totals, after: Totals): Record<string, string> {
  const grown: Record<string, string> = {};
  for (const [name, total] of after) {
    const meter = name.split('/')[1] ?? '';
    const isPeak = meter === 'seats_peak';
    const difference = total - (before.get(name) ?? 0n);
    if (difference !== 0n) grown[name] = scaledText(isPeak ? total : difference, SCALES[meter] ?? 0);
  }
  return grown;
}

function nonZero(counted: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(counted).filter(([, value]) => value !== '0'));
}
