import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { auditCounters, type CounterAuditPage } from '../../src/audit/audit-counters.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { gateKey, journalKey, shardKey, shardOf, usageKey } from '../../src/meter/keys.ts';
import { whilePinned } from '../../src/meter/read-accounts.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { createIngestStack, type IngestStack } from '../ingest/ingest-stack.ts';

const NOW = '2026-11-20T10:30:00Z';
const NOVEMBER = '2026-11-01T00:00:00Z';
const TENANTS = Array.from({ length: 12 }, (_, index) => `t${index}`);
/** Of traffic, while audits run. */
const BATCHES_WANTED = 30;
const AUDITS_WANTED = 8;
const TRAFFIC_TIMEOUT_MS = 120_000;
const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: count, unit: call }
  - { key: tokens, eventType: calls, aggregation: sum, scale: 3, unit: token, dimensions: [model] }
  - { key: peak, eventType: calls, aggregation: max, unit: token }
  - { key: level, eventType: calls, aggregation: latest, unit: token }
  - { key: users, eventType: calls, aggregation: unique, value: { property: user }, unit: user }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
${TENANTS.map((id) => `  - { id: ${id}, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }`).join('\n')}
`;

let stack: IngestStack;
let key: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: NOW, yaml: YAML });
  key = await stack.createKey('app', ['ingest']);
});
afterEach(() => stack.close());

let number = 0;

function events(tenant: string, count: number) {
  return Array.from({ length: count }, () => {
    number += 1;
    const second = String(number % 60).padStart(2, '0');
    return {
      id: `event-${number}`,
      tenant,
      type: 'calls',
      quantity: number % 97,
      occurredAt: `2026-11-20T09:00:${second}Z`,
      properties: { model: `m${number % 3}`, user: `u${number % 7}` },
    };
  });
}

async function audit(tenant?: string): Promise<CounterAuditPage> {
  const deps = { pool: stack.pool, meter: stack.meter, clock: () => requireInstant(NOW) };
  let sum: CounterAuditPage = { tenants: 0, compared: 0, voidTenants: 0, differences: [] };
  for await (const page of auditCounters(deps, { tenant })) {
    sum = {
      tenants: sum.tenants + page.tenants,
      compared: sum.compared + page.compared,
      voidTenants: sum.voidTenants + page.voidTenants,
      differences: [...sum.differences, ...page.differences],
    };
  }
  return sum;
}

async function asOwner(sql: string): Promise<void> {
  const client = await stack.pool.connect();
  try {
    await client.query('set role none');
    await client.query(sql);
    await client.query('set role tollkeeper_app');
  } finally {
    client.release();
  }
}

async function drain(): Promise<void> {
  for (const shard of [0, 1]) await drainAll(stack.drainContext(shard), { timeoutMs: 10_000 });
}

const usage = (tenant: string): string => usageKey(shardOf(tenant, 2), tenant, NOVEMBER);

describe('an audit of counters', () => {
  test('finds that counters equal ledger and journal, whatever of the journal was drained', async () => {
    for (const tenant of TENANTS) await stack.send(key, events(tenant, 20));
    const undrained = await audit();
    expect(undrained).toEqual({ tenants: 12, compared: 60, voidTenants: 0, differences: [] });
    await drain();
    for (const tenant of TENANTS.slice(0, 5)) await stack.send(key, events(tenant, 20));
    expect(await audit()).toEqual(undrained);
    await drain();
    expect(await audit()).toEqual(undrained);
    expect(await audit('t3')).toMatchObject({ tenants: 1, compared: 5, differences: [] });
  });

  test('names a counter that somebody moved, with every account of it', async () => {
    await stack.send(key, events('t1', 10));
    await drain();
    await stack.send(key, events('t1', 4));
    const { rows } = await stack.pool.query<{ sum: string }>('select sum(quantity)::text as sum from usage_event');
    const drained = rows[0]?.sum ?? '';
    await stack.redis.hincrby(usage('t1'), 'tokens', 1);
    await stack.redis.hincrby(usage('t1'), 'level#n', -1);
    const { differences } = await audit();
    expect(differences.toSorted((a, b) => (a.meter < b.meter ? 1 : -1))).toMatchObject([
      {
        tenant: 't1',
        period: NOVEMBER,
        meter: 'tokens',
        figure: 'quantity',
        raw: drained,
        rollup: drained,
        drift: '0.001',
      },
      {
        tenant: 't1',
        period: NOVEMBER,
        meter: 'level',
        figure: 'events',
        counter: '13',
        journal: '4',
        raw: '10',
        drift: '-1',
      },
    ]);
  });

  test('sees maxima, latest values and rollups that lack rows; counters that vanished are void', async () => {
    await stack.send(key, events('t1', 10));
    await stack.send(key, events('t2', 10));
    await drain();
    await stack.redis.hset(usage('t1'), 'peak', '1000', 'level', '1001');
    await stack.redis.del(usage('t2'));
    const october = usageKey(shardOf('t1', 2), 't1', '2026-10-01T00:00:00Z');
    await stack.redis.hset(october, '#epoch', '1', 'calls', '5', 'calls#n', '5');
    await stack.pool.query(
      "update usage_hourly set event_count = event_count + 1 where tenant = 't1' and meter = 'users'",
    );
    await stack.pool.query(
      "update usage_daily set quantity_sum = quantity_sum - 1 where tenant = 't1' and meter = 'tokens'",
    );
    const { differences } = await audit();
    const found = differences.map(({ tenant, meter, figure }) => `${tenant} ${meter} ${figure}`);
    const own = [
      'calls events',
      'calls quantity',
      'level quantity',
      'peak quantity',
      'tokens quantity',
      'users events',
    ];
    expect(found.toSorted()).toEqual(own.map((figure) => `t1 ${figure}`));
    expect((await audit('t2')).voidTenants).toBe(1);
    // Whoever needs them next has them made again from the ledger.
    await rebuildTenant(stack.meter, 't2');
    expect(await audit('t2')).toMatchObject({ voidTenants: 0, differences: [] });
  });

  test('compares only the accounts of the ledger where counters are void', async () => {
    await stack.send(key, events('t1', 10));
    await drain();
    await stack.redis.hset(gateKey(shardOf('t1', 2), 't1'), 'epoch', '0');
    expect(await audit('t1')).toMatchObject({ voidTenants: 1, compared: 5, differences: [] });
  });

  test('verifies a shard anew whose epoch in the ledger is another one', async () => {
    await stack.send(key, events('t1', 10));
    await drain();
    await stack.pool.query('update journal_position set epoch = epoch + 1, sequence = 0');
    expect(await audit('t1')).toMatchObject({ voidTenants: 1, compared: 5, differences: [] });
  });

  test('counts refused duplicates as set aside until the counters have given them back', async () => {
    const sent = events('t1', 5);
    await stack.send(key, sent);
    await drain();
    const ids = await stack.redis.keys('tk:*:ids:*');
    await stack.redis.del(...ids);
    await stack.send(key, sent);
    expect((await audit('t1')).differences).toEqual([]);
    // Drained, but ended before its trim.
    const shard = shardOf('t1', 2);
    const context = stack.drainContext(shard);
    const trim = { ...context.trim, trim: () => Promise.reject(new Error('cut')) };
    await expect(drainAll({ ...context, trim }, { timeoutMs: 5_000 })).rejects.toThrow('cut');
    expect((await audit('t1')).differences).toEqual([]);
    expect(await stack.redis.hget(usage('t1'), 'calls#n')).toBe('10');
    await drain();
    expect(await stack.redis.hget(usage('t1'), 'calls#n')).toBe('5');
    expect((await audit('t1')).differences).toEqual([]);
  });

  test('counts dead letters as set aside, and says when one cannot be read', async () => {
    await asOwner(`alter table usage_event add constraint no_poison check (event_id <> 'poison')`);
    const [first, second] = events('t1', 2);
    await stack.send(key, [first, { ...second, id: 'poison' }]);
    await stack.send(key, events('t2', 1));
    await drain();
    expect((await stack.pool.query('select from dead_letter')).rowCount).toBe(1);
    expect((await audit()).differences).toEqual([]);
    await stack.pool.query(`update dead_letter set entry = jsonb_set(entry, '{text}', '"spoiled"')`);
    const { differences } = await audit();
    expect(differences.map(({ tenant, meter, figure }) => `${tenant} ${meter} ${figure}`)).toContain('t1 calls events');
    expect(new Set(differences.map(({ tenant, unreadable }) => `${tenant} ${unreadable}`))).toEqual(new Set(['t1 1']));
  });

  test(
    'is exact while events are taken and drained',
    async () => {
      const traffic = new AbortController();
      const { signal } = traffic;
      let sent = 0;
      const senders = [0, 1, 2].map(async (first) => {
        for (let round = 0; !signal.aborted; round += 1) {
          await stack.send(
            key,
            TENANTS.flatMap((tenant) => events(tenant, 1 + ((round + first) % 4))),
          );
          sent += 1;
        }
      });
      const drains = [0, 1].map(async (shard) => {
        while (!signal.aborted) await drainAll(stack.drainContext(shard), { timeoutMs: 10_000 });
      });
      const pages: CounterAuditPage[] = [];
      for (let before = 0; pages.length < AUDITS_WANTED || before < BATCHES_WANTED; before = sent)
        pages.push(await audit());
      traffic.abort();
      await Promise.all([...senders, ...drains]);
      expect(pages.flatMap(({ differences }) => differences)).toEqual([]);
      expect(pages.at(-1)?.compared).toBe(60);
    },
    TRAFFIC_TIMEOUT_MS,
  );
});

describe('the pin of an audit', () => {
  test('keeps the journal from being trimmed, and is given back', async () => {
    const shard = shardOf('t1', 2);
    await stack.send(key, events('t1', 3));
    await whilePinned(stack.meter, shard, async () => {
      await drain();
      expect(await stack.redis.xlen(journalKey(shard))).toBe(1);
    });
    await stack.send(key, events('t1', 3));
    await drain();
    expect(await stack.redis.xlen(journalKey(shard))).toBe(0);
    expect(await stack.redis.hexists(shardKey(shard), 'pinToken')).toBe(0);
  });

  test('is one at a time: audits of a shard take turns', async () => {
    await stack.send(key, events('t1', 5));
    const pages = await Promise.all([audit('t1'), audit('t1'), audit(), audit()]);
    expect(pages.flatMap(({ differences }) => differences)).toEqual([]);
    const shard = shardOf('t1', 2);
    const order: string[] = [];
    const first = whilePinned(stack.meter, shard, async () => {
      order.push('first begins');
      await stack.redis.ping();
      order.push('first ends');
    });
    const second = whilePinned(stack.meter, shard, () => Promise.resolve(order.push('second')));
    await Promise.all([first, second]);
    expect(order.indexOf('first ends')).toBe(order.indexOf('first begins') + 1);
    expect(order).toContain('second');
  });

  test('of an auditor that died ends by itself', async () => {
    const shard = shardOf('t1', 2);
    await stack.send(key, events('t1', 3));
    await stack.redis.hset(shardKey(shard), 'pin', '1-1', 'pinToken', 'dead', 'pinUntilMs', String(Date.now() - 1));
    await drain();
    expect(await stack.redis.xlen(journalKey(shard))).toBe(0);
    expect(await whilePinned(stack.meter, shard, () => Promise.resolve('pinned'))).toBe('pinned');
  });
});
