import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AuthenticatedKey } from '../../src/catalog/api-keys.ts';
import type { EventResult } from '../../src/domain/outcome.ts';
import { checkLimits } from '../../src/ingest/check-limits.ts';
import { drainOnce } from '../../src/journal/drain-once.ts';
import { shardOf, usageKey, windowKey } from '../../src/meter/keys.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const SHARD = shardOf('acme', 2);

function yaml(planLimits: readonly string[], ownLimits: readonly string[] = []): string {
  return `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call, dimensions: [project, region] }
  - { key: requests, aggregation: count, eventType: calls }
  - { key: peak, aggregation: max, unit: seat, dimensions: [project] }
plans:
  - key: basic
    currency: USD
    charges: []
    limits: [${planLimits.join(', ')}]
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic, planVersion: 1, limits: [${ownLimits.join(', ')}] }
  - { id: globex, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;
}

let stack: IngestStack;
let secret: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: yaml([]) });
  secret = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

/** Limits of tenant acme's own: they hold at once, without a new version of its plan. */
const limitAcme = (...limits: readonly string[]): Promise<void> => stack.apply(yaml([], limits));

let eventNumber = 0;

interface Sketch {
  readonly quantity?: number;
  readonly project?: string;
  readonly tenant?: string;
  readonly type?: string;
}

function event({ quantity = 1, project, tenant = 'acme', type = 'calls' }: Sketch): object {
  eventNumber += 1;
  const properties = project === undefined ? {} : { properties: { project } };
  return { id: `event-${eventNumber}`, tenant, type, quantity, occurredAt: '2026-11-20T10:00:00Z', ...properties };
}

const send = (...sketches: readonly Sketch[]): Promise<readonly EventResult[]> =>
  stack.send(secret, sketches.map(event));

/** One letter per event: what was accepted, and what a limit refused. */
async function letters(...sketches: readonly Sketch[]): Promise<string> {
  const results = await send(...sketches);
  return results.map(({ outcome }) => ({ accepted: 'A', limit_exceeded: 'L' })[outcome as string] ?? outcome).join('');
}

async function check(project?: string, meters: readonly string[] = ['calls']) {
  const key = (await stack.service.keys.authenticate(secret)) as AuthenticatedKey;
  const properties = project === undefined ? null : { project };
  return checkLimits(stack.service, { key, tenant: 'acme', meters, quantity: '1', properties });
}

async function drain(): Promise<void> {
  for (const shard of [0, 1]) while ((await drainOnce(stack.drainContext(shard))).drained > 0);
}

describe('limits of a tenant', () => {
  test("take the place of its plan's on the same meter, window and dimension, and leave the others", async () => {
    const plan = ['{ meter: calls, mode: hard, limit: 2 }', '{ meter: calls, mode: hard, limit: 9, window: day }'];
    await stack.apply(yaml(plan));
    await stack.apply(
      yaml(plan, ['{ meter: calls, mode: hard, limit: 5 }']).replace('planVersion: 1', 'planVersion: 2'),
    );
    stack.setClock('2026-12-02T00:00:00Z');
    const at = { occurredAt: '2026-12-02T00:00:00Z' };
    const sent = (tenant: string) =>
      stack.send(
        secret,
        Array.from({ length: 6 }, () => ({ ...event({ tenant }), ...at })),
      );
    const acme = await sent('acme');
    expect(acme.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(5);
    expect(acme[5]?.limits).toMatchObject([
      { window: 'period', used: '5', limit: '5', remaining: '0' },
      { window: 'day', used: '5', limit: '9', remaining: '4' },
    ]);
  });

  test('hold at once, and no plan needs a new version for them', async () => {
    expect(await letters({}, {}, {})).toBe('AAA');
    await limitAcme('{ meter: calls, mode: hard, limit: 4 }');
    expect(await letters({}, {})).toBe('AL');
    await limitAcme();
    expect(await letters({}, {})).toBe('AA');
  });
});

describe('a limit on a short window', () => {
  test.each(['minute', 'hour', 'day'] as const)(
    'of one %s starts over with the next by the clock of Redis',
    async (window) => {
      await limitAcme(`{ meter: calls, mode: hard, limit: 3, window: ${window} }`);
      const results = await send({}, {}, {}, {});
      expect(results.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted', 'limit_exceeded']);
      expect(results[3]?.limits).toMatchObject([{ meter: 'calls', window, used: '3', limit: '3', remaining: '0' }]);
      const key = windowKey(SHARD, 'acme', window);
      const lengthMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[window];
      const start = Number(await stack.redis.hget(key, '#start'));
      expect(Date.parse(results[0]?.limits?.[0]?.resetsAt ?? '')).toBe(start + lengthMs);
      expect(start % lengthMs).toBe(0);
      expect(await stack.redis.pttl(key)).toBeGreaterThan(0);
      await stack.redis.hset(key, '#start', String(start - lengthMs));
      expect(await check()).toMatchObject({ allowed: true, limits: [{ used: '0' }] });
      expect(await letters({ quantity: 2 }, { quantity: 2 }, {})).toBe('ALA');
      expect(await stack.redis.hgetall(key)).toMatchObject({ calls: '3' });
    },
  );

  test('lets no more through in a window, with 64 senders at once', async () => {
    await limitAcme('{ meter: calls, mode: hard, limit: 100, window: hour }');
    const byWindow = new Map<string, number>();
    const work = async (): Promise<void> => {
      for (let round = 0; round < 4; round += 1) {
        for (const { outcome, limits } of await send({ quantity: 3 })) {
          if (outcome !== 'accepted') continue;
          const window = limits?.[0]?.resetsAt ?? '';
          byWindow.set(window, (byWindow.get(window) ?? 0) + 3);
        }
      }
    };
    await Promise.all(Array.from({ length: 64 }, work));
    for (const accepted of byWindow.values()) expect(accepted).toBeLessThanOrEqual(100);
    expect(Math.max(...byWindow.values())).toBe(99);
  });

  test('bounds the largest value of a maximum', async () => {
    await limitAcme('{ meter: peak, mode: hard, limit: 5, window: hour }');
    expect(await letters(...[3, 6, 5, 4].map((quantity) => ({ type: 'peak', quantity })))).toBe('ALAA');
  });
});

describe('a limit on the values of a dimension', () => {
  test('bounds each value by itself, and events without one together', async () => {
    await limitAcme('{ meter: calls, mode: hard, limit: 2, dimension: project }');
    const sketches = [
      { project: 'a' },
      { project: 'b' },
      { project: 'a' },
      { project: 'a' },
      {},
      {},
      {},
      { project: 'b' },
    ];
    const results = await send(...sketches);
    expect(results.map(({ outcome }) => (outcome === 'accepted' ? 'A' : 'L')).join('')).toBe('AAALAALA');
    const state = {
      meter: 'calls',
      window: 'period',
      dimension: 'project',
      limit: '2',
      resetsAt: '2026-12-01T00:00:00Z',
    };
    expect(results[1]?.limits).toEqual([{ ...state, value: 'b', used: '1', remaining: '1' }]);
    expect(results[3]?.limits).toEqual([{ ...state, value: 'a', used: '2', remaining: '0' }]);
    expect(results[6]?.limits).toEqual([{ ...state, value: null, used: '2', remaining: '0' }]);
    expect(await check('a')).toMatchObject({
      allowed: false,
      reason: 'limit_exceeded',
      limits: [{ value: 'a', used: '2' }],
    });
    expect(await check('c')).toMatchObject({ allowed: true, limits: [{ value: 'c', used: '0' }] });
  });

  test('also in a short window', async () => {
    await limitAcme('{ meter: calls, mode: hard, limit: 1, dimension: project, window: day }');
    expect(await letters({ project: 'a' }, { project: 'b' }, { project: 'a' })).toBe('AAL');
  });

  test('counts what was used before there was the limit', async () => {
    expect(await letters({ project: 'a' }, { project: 'a' }, { project: 'b' })).toBe('AAA');
    await limitAcme('{ meter: calls, mode: hard, limit: 3, dimension: project }');
    expect(await check('a')).toMatchObject({ limits: [{ used: '2' }] });
    expect(await letters({ project: 'a' }, { project: 'a' }, { project: 'b' })).toBe('ALA');
    await limitAcme();
    expect(await letters({ project: 'a' })).toBe('A');
    await limitAcme('{ meter: calls, mode: hard, limit: 4, dimension: project }');
    expect(await letters({ project: 'a' })).toBe('L');
  });

  test('is counted again from the ledger when Redis has lost everything; short windows start over', async () => {
    await limitAcme(
      '{ meter: calls, mode: hard, limit: 3, dimension: project }',
      '{ meter: calls, mode: hard, limit: 4, window: day }',
      '{ meter: peak, mode: hard, limit: 7, dimension: project }',
    );
    expect(
      await letters({ project: 'a', quantity: 2 }, { project: 'b' }, { type: 'peak', project: 'a', quantity: 6 }),
    ).toBe('AAA');
    await drain();
    const field = Object.keys(await stack.redis.hgetall(usageKey(SHARD, 'acme', NOVEMBER))).filter((name) =>
      name.includes('~'),
    );
    await stack.redis.flushdb();
    expect(await letters({ project: 'a', quantity: 2 }, { project: 'a' }, { project: 'b', quantity: 2 })).toBe('LAA');
    const after = await stack.redis.hgetall(usageKey(SHARD, 'acme', NOVEMBER));
    expect(
      Object.keys(after)
        .filter((name) => name.includes('~'))
        .toSorted(),
    ).toEqual(field.toSorted());
    expect(Object.values(after)).toContain('6');
    expect(await check('a')).toMatchObject({ limits: [{ used: '3' }, { window: 'day', used: '3' }] });
  });

  test('gives back what the ledger refuses as known, when the dedup window has forgotten it', async () => {
    await limitAcme('{ meter: calls, mode: hard, limit: 3, dimension: project }');
    const twice = event({ project: 'a', quantity: 2 });
    await stack.send(secret, [twice]);
    await drain();
    await stack.redis.del(...(await stack.redis.keys('tk:*:ids:*')));
    expect((await stack.send(secret, [twice]))[0]?.outcome).toBe('limit_exceeded');
    await limitAcme('{ meter: calls, mode: hard, limit: 4, dimension: project }');
    expect((await stack.send(secret, [twice]))[0]?.outcome).toBe('accepted');
    expect(await check('a')).toMatchObject({ limits: [{ used: '4' }] });
    await drain();
    expect(await check('a')).toMatchObject({ limits: [{ used: '2' }] });
  });
});

describe('several limits', () => {
  test('on one event: all that are hard allow it, or no counter moves', async () => {
    await limitAcme(
      '{ meter: calls, mode: hard, limit: 10 }',
      '{ meter: calls, mode: hard, limit: 5, dimension: project }',
      '{ meter: calls, mode: hard, limit: 8, window: hour }',
      '{ meter: requests, mode: hard, limit: 3 }',
    );
    expect(await letters({ project: 'a', quantity: 5 }, { project: 'a' }, { project: 'b', quantity: 4 })).toBe('ALL');
    expect(await letters({ project: 'b', quantity: 3 }, { project: 'c' })).toBe('AL');
    const [last] = await send({ project: 'd', quantity: 0 });
    expect(last?.limits?.map(({ meter, window, used }) => `${meter} ${window} ${used}`)).toEqual([
      'calls period 8',
      'calls period 0',
      'calls hour 8',
      'requests period 3',
    ]);
    expect(await letters({ project: 'e', quantity: 0 })).toBe('L');
  });

  test('that are soft accept, and say that they are exceeded', async () => {
    await limitAcme('{ meter: calls, mode: soft, limit: 2, window: day }', '{ meter: calls, mode: hard, limit: 9 }');
    const results = await send({ quantity: 2 }, { quantity: 3 });
    expect(results[0]?.limits?.map(({ exceeded }) => exceeded)).toEqual([undefined, undefined]);
    expect(results[1]).toMatchObject({
      outcome: 'accepted',
      limits: [{ used: '5', remaining: '0', exceeded: true }, { used: '5' }],
    });
    expect(await check()).toMatchObject({ allowed: true, limits: [{ exceeded: true }, { remaining: '4' }] });
  });
});
