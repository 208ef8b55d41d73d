import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { applyCatalogue, callApi, eventually } from '../support/api-calls.ts';
import { type Metrics, readMetrics } from '../support/metrics-text.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let metricsUrl: string;

beforeAll(async () => {
  world = await startWorld();
  metricsUrl = /http:\S+\/metrics/.exec(world.worker.output())?.[0] ?? '';
}, 120_000);

afterAll(() => world.close());

const CATALOGUE = `
meters: [{ key: calls, aggregation: count }]
plans: [{ key: p, currency: USD }]
tenants: [{ id: acme, currency: USD, plan: p }]`;

async function scrapeWorker(): Promise<Metrics> {
  const response = await fetch(metricsUrl);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain;.*version=0\.0\.4/);
  return readMetrics(await response.text());
}

async function scrapeApi(): Promise<Metrics> {
  return readMetrics(await (await fetch(`${world.apiUrl}/metrics`)).text());
}

describe('the metrics of a worker', () => {
  test('say that it is one, and count what it drains, to the event', { timeout: 60_000 }, async () => {
    await applyCatalogue(world, CATALOGUE);
    const first = await scrapeWorker();
    expect(first.value('tollkeeper_info{program="worker",mode="test",profile="durable"}')).toBe(1);
    const occurredAt = new Date().toISOString();
    const events = Array.from({ length: 25 }, (_, index) => ({
      id: `e${index}`,
      tenant: 'acme',
      type: 'calls',
      occurredAt,
    }));
    expect((await callApi(world, 'POST', '/v1/events', events)).status).toBe(200);
    expect((await callApi(world, 'POST', '/v1/events', events)).status).toBe(200);
    const drained = await eventually(
      async () => {
        const [worker, api] = await Promise.all([scrapeWorker(), scrapeApi()]);
        const rows = [worker, api].map((metrics) => metrics.value('tollkeeper_drained_rows_total'));
        const waiting = api.value('tollkeeper_journal_waiting_events{shard="0"}');
        return rows.reduce((sum, one) => sum + one) < events.length || waiting > 0 ? undefined : rows;
      },
      20_000,
      'the drain of all events',
    );
    expect(drained.reduce((sum, one) => sum + one)).toBe(events.length);
    const api = await scrapeApi();
    expect(api.value('tollkeeper_events_total{outcome="accepted"}')).toBe(events.length);
    expect(api.value('tollkeeper_events_total{outcome="duplicate"}')).toBe(events.length);
  });

  test('are all that it serves', async () => {
    expect((await fetch(new URL('/v1/tenants', metricsUrl))).status).toBe(404);
    expect((await fetch(metricsUrl, { method: 'POST' })).status).toBe(405);
  });

  test('of a dead Redis are told as missing by the API, which answers', { timeout: 60_000 }, async () => {
    await world.redis.kill();
    try {
      const metrics = await scrapeApi();
      expect(metrics.value('tollkeeper_store_answered{store="redis"}')).toBe(0);
      expect(metrics.series('tollkeeper_journal_entries')).toEqual([]);
      expect(metrics.value('tollkeeper_store_answered{store="postgresql"}')).toBe(1);
      const readiness = await callApi<{ journals: unknown }>(world, 'GET', '/readyz');
      expect([readiness.status, readiness.body.journals]).toEqual([503, null]);
    } finally {
      await world.redis.restart();
    }
  });

  test('need a port: one that is taken ends the worker with what to do', { timeout: 60_000 }, async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await world.worker.stop();
    try {
      const fault = await world.worker.start({ TOLLKEEPER_WORKER_PORT: String(port) }).catch(String);
      expect(fault).toContain('set TOLLKEEPER_WORKER_PORT');
      expect(fault).toContain('ended (2)');
    } finally {
      other.close();
    }
  });
});
