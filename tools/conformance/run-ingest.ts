/**
 * `npm run conformance:ingest -- FILE`: sends every case of a file to a real service that it starts on fresh data, and compares
 * outcomes, paths and counters. One line per failed case, then `N passed, N failed`; exit code 1 when anything failed.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { Command } from 'commander';
import { Redis } from 'ioredis';

import { formatInstant, MICROS_PER_DAY } from '../../src/domain/instant.ts';
import { startRealStack } from '../real-stack.ts';
import { compareAnswer } from './compare-answer.ts';
import { type ConformanceCase, type Placeholders, sendCase } from './ingest-case.ts';
import { ingestCatalogue } from './ingest-catalogue.ts';
import { growth, nonZero, readTotals } from './ingest-counters.ts';

interface Service {
  readonly apiUrl: string;
  readonly redis: Redis;
  readonly keys: Readonly<Record<string, string>>;
  readonly run: string;
}

const SHARDS = 2;
const RUN_CHARACTERS = 12;
const BILLED_FOR_DAYS = 61;
/** A revoked key must be refused by every process after 5 seconds. */
const REVOCATION_MS = 5_500;

async function call<T>(url: string, method: string, key: string, contentType: string, body: string): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === '' ? {} : { 'content-type': contentType }) },
    ...(body === '' ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** Everything the cases take for granted, made through the product's own API. */
async function prepareService(apiUrl: string, adminKey: string): Promise<Service['keys']> {
  const billingStart = formatInstant(Math.floor(Date.now() / 1_000) * 1_000_000 - BILLED_FOR_DAYS * MICROS_PER_DAY);
  await call(`${apiUrl}/v1/catalogue`, 'POST', adminKey, 'application/yaml', ingestCatalogue(billingStart));
  const create = (name: string, scopes: string[], tenant?: string): Promise<{ id: string; secret: string }> =>
    call(`${apiUrl}/v1/keys`, 'POST', adminKey, 'application/json', JSON.stringify({ name, scopes, tenant }));
  const [write, read, acme, revoked] = await Promise.all([
    create('write', ['ingest']),
    create('read', ['read']),
    create('acme', ['ingest'], 'acme'),
    create('revoked', ['ingest']),
  ]);
  await call(`${apiUrl}/v1/keys/${revoked.id}`, 'DELETE', adminKey, '', '');
  await new Promise((resolve) => setTimeout(resolve, REVOCATION_MS));
  return { write: write.secret, read: read.secret, acme: acme.secret, revoked: revoked.secret };
}

/** Runs one case and says what was not as expected; nothing when all was. */
async function runCase(service: Service, one: ConformanceCase): Promise<string[]> {
  const placeholders: Placeholders = { run: service.run, nowMs: Date.now(), keys: service.keys };
  const before = await readTotals(service.redis, SHARDS);
  const steps = one.steps ?? (one.request && one.expect ? [{ request: one.request, expect: one.expect }] : []);
  if (steps.length === 0) return ['expected a request or steps, got neither'];
  for (const [index, step] of steps.entries()) {
    const answer = await sendCase(`${service.apiUrl}/v1/events`, step.request, placeholders);
    const differences = compareAnswer(answer, step.expect);
    if (differences.length > 0) return differences.map((difference) => `${index + 1}: ${difference}`);
  }
  if (one.counted === undefined) return [];
  const expected = JSON.stringify(nonZero(one.counted));
  const grown = growth(before, await readTotals(service.redis, SHARDS));
  const sorted = JSON.stringify(
    Object.fromEntries(Object.keys(nonZero(one.counted)).map((name) => [name, grown[name]])),
  );
  const isSame = sorted === expected && Object.keys(grown).length === Object.keys(nonZero(one.counted)).length;
  return isSame ? [] : [`counted: expected ${expected}, got ${JSON.stringify(grown)}`];
}

async function runFile(file: string): Promise<number> {
  const cases = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as ConformanceCase);
  const stack = await startRealStack({ worker: false });
  const redis = new Redis(stack.redisUrl);
  let failed = 0;
  try {
    const keys = await prepareService(stack.apiUrl, stack.adminKey);
    const run = Array.from({ length: RUN_CHARACTERS }, () => randomInt(36).toString(36)).join('');
    const service: Service = { apiUrl: stack.apiUrl, redis, keys, run };
    for (const one of cases) {
      const differences = await runCase(service, one).catch((error: Error) => [
        `expected an answer, got ${error.message}`,
      ]);
      if (differences.length > 0) failed += 1;
      for (const difference of differences) console.log(`FAIL ${one.id} ${difference}`);
    }
  } finally {
    redis.disconnect();
    await stack.stop();
  }
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const program = new Command('npm run conformance:ingest --')
  .description('Sends every case of an ingest conformance file (JSON lines) to a real service on fresh data.')
  .argument('<file>', 'for example ../shared/conformance/ingest-cases.jsonl')
  .parse();
process.exitCode = await runFile(program.args[0] ?? '');
