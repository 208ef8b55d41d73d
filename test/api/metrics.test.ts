import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readMetrics, type Metrics } from '../support/metrics-text.ts';
import { CATALOGUE, NOW, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;
let redis: Redis;

beforeAll(async () => {
  bench = await openApiBench();
  redis = new Redis(bench.redisUrl);
  await bench.apply(CATALOGUE);
});

afterAll(async () => {
  redis.disconnect();
  await bench.close();
});

async function scrapeApi(): Promise<Metrics> {
  const answer = await bench.call('GET', '/metrics', { key: null });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    expect.stringMatching(/^text\/plain;.*version=0\.0\.4/),
  ]);
  return readMetrics(answer.text);
}

async function send(events: readonly object[], key?: string | null): Promise<number> {
  return (await bench.call('POST', '/v1/events', { body: events, ...(key === undefined ? {} : { key }) })).status;
}

function call(id: string, more: object = {}): object {
  return { id, tenant: 'acme', type: 'calls', occurredAt: NOW, ...more };
}

function ask(body: object) {
  return bench.call('POST', '/v1/check', { body: { tenant: 'acme', meter: 'calls', ...body } });
}

const OUTCOMES = ['accepted', 'duplicate', 'conflict', 'limit_exceeded', 'unknown_tenant', 'unknown_type', 'invalid'];

function sum(metrics: Metrics, name: string): number {
  return metrics.series(name).reduce((total, series) => total + metrics.value(series), 0);
}

describe('GET /metrics', () => {
  test('counts each event by what it was told, and each request by its answer', async () => {
    const before = await scrapeApi();
    const batch = [call('m1'), call('m2'), call('m1'), call('m2', { quantity: '7' }), call('m3', { quantity: '1000' })];
    expect(await send([...batch, call('m4', { tenant: 'nobody' }), call('m5', { type: 'other' }), { id: 'm6' }])).toBe(
      200,
    );
    expect(await send([call('m1'), call('m7')])).toBe(200);
    expect(await send([call('m8')], 'tk_test_unknown')).toBe(401);
    const after = await scrapeApi();
    const moved = (series: string): number => after.value(series) - before.value(series);
    expect(OUTCOMES.map((outcome) => [outcome, moved(`tollkeeper_events_total{outcome="${outcome}"}`)])).toEqual([
      ['accepted', 3],
      ['duplicate', 2],
      ['conflict', 1],
      ['limit_exceeded', 1],
      ['unknown_tenant', 1],
      ['unknown_type', 1],
      ['invalid', 1],
    ]);
    expect(sum(after, 'tollkeeper_events_total') - sum(before, 'tollkeeper_events_total')).toBe(10);
    expect(moved('tollkeeper_ingest_duration_seconds_count{status="200"}')).toBe(2);
    expect(moved('tollkeeper_ingest_duration_seconds_count{status="401"}')).toBe(1);
    // The first call found no gate and was followed by a rebuild.
    expect(moved('tollkeeper_script_duration_seconds_count')).toBeGreaterThanOrEqual(2);
    expect(moved('tollkeeper_rebuilds_total')).toBe(1);
  });

  test('shows what waits in the journal and how long, until the ledger has it', async () => {
    await bench.drain();
    const drained = await scrapeApi();
    expect(sum(drained, 'tollkeeper_journal_waiting_events')).toBe(0);
    expect(sum(drained, 'tollkeeper_journal_oldest_age_seconds')).toBe(0);
    expect(await send([call('w1'), call('w2'), call('w3')])).toBe(200);
    expect(await send([call('w4')])).toBe(200);
    const [seconds] = await redis.time();
    // The API of this test has a clock of its own; the journal's is that of Redis.
    bench.setClock(new Date((Number(seconds) + 90) * 1_000).toISOString());
    try {
      const waiting = await scrapeApi();
      expect(sum(waiting, 'tollkeeper_journal_waiting_events')).toBe(4);
      // Those that the ledger has are kept beside them, so that a restored ledger can be drained again.
      const kept = sum(drained, 'tollkeeper_journal_entries');
      expect(sum(waiting, 'tollkeeper_journal_entries') - kept).toBe(2);
      const age = sum(waiting, 'tollkeeper_journal_oldest_age_seconds');
      expect([age > 85, age < 95]).toEqual([true, true]);
      const { journals } = (await bench.call('GET', '/readyz', { key: null })).body;
      const busy = journals.find(({ waitingEvents }: { waitingEvents: number }) => waitingEvents > 0);
      expect(busy).toMatchObject({ isOpen: true, epoch: 1, entries: kept + 2, waitingEvents: 4 });
      expect(busy.oldestAgeSeconds).toBeGreaterThan(85);
    } finally {
      bench.setClock(NOW);
    }
    await bench.drain();
    expect(sum(await scrapeApi(), 'tollkeeper_journal_waiting_events')).toBe(0);
  });

  test('shows open dead letters, incidents, cycles and the invoices that were numbered', async () => {
    await bench.pool.query(`
with letter as (
  insert into dead_letter (shard, epoch, first_sequence, sequence, tenant, entry, reason, at)
  values (0, 1, 900, 900, 'acme', '{}', 'a reason', now()), (0, 1, 901, 901, 'acme', '{}', 'a reason', now())
), incident as (
  insert into incident (kind, tenant, details, at) values ('drift', 'acme', '{}', now())
)
insert into billing_cycle (tenant, period_start, revision, stage, workflow_id, updated_at)
values ('acme', '2026-10-01T00:00:00Z', 0, 'held', 'w', now()), ('globex', '2026-10-01T00:00:00Z', 0, 'settled', 'x', now())`);
    const open = await scrapeApi();
    expect(open.value('tollkeeper_dead_letters_open')).toBe(2);
    expect(open.value('tollkeeper_incidents_open{kind="drift"}')).toBe(1);
    expect(open.series('tollkeeper_cycles_open')).toEqual(['tollkeeper_cycles_open{stage="held"}']);
    expect(open.value('tollkeeper_cycles_open{stage="held"}')).toBe(1);
    expect(open.series('tollkeeper_invoices_issued_total')).toHaveLength(2);
    await bench.pool.query('update dead_letter set resolved_at = now()');
    await bench.pool.query('update incident set resolved_at = now()');
    await bench.pool.query("update billing_cycle set stage = 'issued' where stage = 'held'");
    await bench.pool.query("update invoice_series set last_number = 3 where series = 'INV'");
    const resolved = await scrapeApi();
    expect(resolved.value('tollkeeper_dead_letters_open')).toBe(0);
    expect(resolved.series('tollkeeper_dead_letters_open')).toHaveLength(1);
    expect(resolved.series('tollkeeper_incidents_open')).toEqual([]);
    expect(resolved.series('tollkeeper_cycles_open')).toEqual([]);
    expect(resolved.value('tollkeeper_invoices_issued_total{series="INV"}')).toBe(3);
  });

  test('counts sessions that wait for a lock', async () => {
    const [holder, waiter] = [await bench.pool.connect(), await bench.pool.connect()];
    try {
      for (const client of [holder, waiter]) await client.query('begin');
      await holder.query("select 1 from tenant where id = 'acme' for update");
      const waiting = waiter.query("select 1 from tenant where id = 'acme' for update");
      await expect.poll(async () => (await scrapeApi()).value('tollkeeper_postgresql_lock_waits')).toBe(1);
      await holder.query('rollback');
      await waiting;
      await waiter.query('rollback');
      expect((await scrapeApi()).value('tollkeeper_postgresql_lock_waits')).toBe(0);
    } finally {
      holder.release(true);
      waiter.release(true);
    }
  });

  test('says what the process is, and names no tenant', async () => {
    const metrics = await scrapeApi();
    expect(metrics.value('tollkeeper_info{program="api",mode="test",profile="fast"}')).toBe(1);
    expect(metrics.value('tollkeeper_dedup_window_seconds')).toBe(86_400);
    expect(metrics.value('tollkeeper_shard_open{shard="0"}') + metrics.value('tollkeeper_shard_open{shard="1"}')).toBe(
      1,
    );
    expect(metrics.series('tollkeeper_postgresql_connections')).toHaveLength(2);
    expect(metrics.types.get('process_cpu_seconds_total')).toBe('counter');
    const { text } = await bench.call('GET', '/metrics', { key: null });
    expect(text).not.toMatch(/acme|globex|tk_test/);
  });

  test('times questions about limits by their result', async () => {
    const before = await scrapeApi();
    expect((await ask({})).body.allowed).toBe(true);
    expect((await ask({ quantity: '1000' })).body.allowed).toBe(false);
    expect((await ask({ meter: 'nothing' })).status).toBe(404);
    const after = await scrapeApi();
    for (const result of ['allowed', 'refused', 'unreadable']) {
      const series = `tollkeeper_check_duration_seconds_count{result="${result}"}`;
      expect([result, after.value(series) - before.value(series)]).toEqual([result, 1]);
    }
  });
});
