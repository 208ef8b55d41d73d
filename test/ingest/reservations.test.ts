import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { AuthenticatedKey } from '../../src/catalog/api-keys.ts';
import { checkLimits } from '../../src/ingest/check-limits.ts';
import { holdName, readReservationText, reservationText, type Commitment } from '../../src/ingest/reservation.ts';
import { commitReservation, readReservation, releaseReservation } from '../../src/ingest/settle-reservation.ts';
import { takeReservation, type ReservationRequest, type ReservationTaken } from '../../src/ingest/take-reservation.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { holdKey, holdsKey, shardOf, usageKey } from '../../src/meter/keys.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const RESETS_AT = '2026-12-01T00:00:00Z';
const NOW = '2026-11-20T10:30:15Z';
const SHARD = shardOf('acme', 2);

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: tokens, aggregation: sum, unit: token }
  - { key: gb, aggregation: sum, unit: GB, scale: 3 }
  - { key: jobs, aggregation: count, unit: job }
  - { key: peak, aggregation: max, unit: seat }
  - { key: bytes, aggregation: sum, unit: byte, value: { property: size } }
  - { key: calls, aggregation: sum, unit: call, dimensions: [project] }
plans:
  - key: basic
    currency: USD
    baseFee: 1.00
    charges: []
    limits:
      - { meter: tokens, mode: hard, limit: 100 }
      - { meter: gb, mode: soft, limit: 1.5 }
      - { meter: jobs, mode: hard, limit: 2 }
      - { meter: calls, mode: hard, limit: 10, dimension: project }
      - { meter: calls, mode: hard, limit: 15, window: day }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

let stack: IngestStack;
let secret: string;
let key: AuthenticatedKey;

beforeEach(async () => {
  stack = await createIngestStack({ now: NOW, yaml: YAML });
  secret = await stack.createKey('write', ['ingest']);
  key = (await stack.service.keys.authenticate(secret)) as AuthenticatedKey;
});
afterEach(() => stack.close());

function ask(id: string, quantity: unknown, more: Partial<ReservationRequest> = {}) {
  return takeReservation(stack.service, {
    key,
    id,
    tenant: 'acme',
    meter: 'tokens',
    quantity,
    ttlSeconds: 60,
    ...more,
  });
}

async function reserve(
  id: string,
  quantity: unknown,
  more: Partial<ReservationRequest> = {},
): Promise<ReservationTaken> {
  const answer = await ask(id, quantity, more);
  if (!('allowed' in answer) || !answer.allowed) throw new Error(JSON.stringify(answer));
  return answer;
}

async function commit({ reservation }: { reservation: string }, commitment: Commitment = {}) {
  const answer = await commitReservation(stack.service, { key, reservation, ...commitment });
  return 'refusal' in answer ? answer.refusal.code : answer.result.outcome;
}

async function release({ reservation }: { reservation: string }) {
  const answer = await releaseReservation(stack.service, { key, reservation });
  return 'refusal' in answer ? answer.refusal.code : answer.state;
}

async function send(type: string, id: string, quantity: unknown, properties?: unknown): Promise<string | undefined> {
  const event = { id, tenant: 'acme', type, quantity, occurredAt: '2026-11-20T10:00:00Z', properties };
  return (await stack.send(secret, [event]))[0]?.outcome;
}

async function allowed(quantity: unknown, meter = 'tokens', properties = {}): Promise<boolean> {
  const answer = await checkLimits(stack.service, { key, tenant: 'acme', meters: [meter], quantity, properties });
  return 'allowed' in answer && answer.allowed;
}

/** Puts the end of a hold into the past, as waiting would. */
async function runOut({ id }: { id: string }): Promise<void> {
  const name = holdName({ tenant: 'acme', id });
  await stack.redis.zadd(holdsKey(SHARD, 'acme'), 1, name);
  await stack.redis.hset(holdKey(SHARD, 'acme', name), 'expiresMs', 1);
}

async function used(meter = 'tokens'): Promise<string | undefined> {
  return (await readCounters(stack.meter, 'acme', NOVEMBER)).get(meter);
}

const heldOf = (meter: string) => stack.redis.hget(usageKey(SHARD, 'acme', NOVEMBER), `${meter}~held`);

describe('a reservation', () => {
  test('counts against a hard limit at once, for events, checks and reservations alike', async () => {
    await send('tokens', 'before', 20);
    const limit = { meter: 'tokens', window: 'period', limit: '100', resetsAt: RESETS_AT };
    expect(await reserve('a', 70)).toMatchObject({
      allowed: true,
      state: 'held',
      quantity: '70',
      limits: [{ ...limit, used: '20', held: '70', remaining: '10' }],
    });
    expect(await ask('b', 11)).toEqual({
      allowed: false,
      reason: 'limit_exceeded',
      limits: [{ ...limit, used: '20', held: '70', remaining: '10' }],
    });
    expect([await allowed(10), await allowed(11)]).toEqual([true, false]);
    expect(await send('tokens', 'too much', 11)).toBe('limit_exceeded');
    expect(await send('tokens', 'enough', 10)).toBe('accepted');
    expect([await used(), await heldOf('tokens')]).toEqual(['30', '70']);
  });

  test('is the same when it is asked for again, and refused when its id was taken for something else', async () => {
    const first = await reserve('a', 30);
    stack.setClock('2026-11-20T10:31:15Z');
    expect(await reserve('a', '30')).toEqual(first);
    expect(await heldOf('tokens')).toBe('30');
    for (const other of [ask('a', 31), ask('a', 30, { ttlSeconds: 61 }), ask('a', 30, { properties: { x: 1 } })]) {
      expect(await other).toMatchObject({ refusal: { code: 'reservation_conflict', path: 'id' } });
    }
    await release(first);
    expect(await ask('a', 30)).toMatchObject({ allowed: false, reason: 'released' });
    const second = await reserve('b', 30);
    await runOut(second);
    expect(await ask('b', 30)).toMatchObject({ allowed: false, reason: 'expired' });
    const third = await reserve('c', 30);
    await commit(third, { quantity: 29 });
    expect(await reserve('c', 30)).toMatchObject({ state: 'committed', reservation: third.reservation });
    expect(await heldOf('tokens')).toBeNull();
  });

  test('is of a meter that sums up quantities or counts, and says what else to do', async () => {
    const refused = async (answer: ReturnType<typeof ask>) => await answer;
    expect(await refused(ask('a', 1, { meter: 'peak' }))).toMatchObject({
      refusal: { code: 'invalid', path: 'meter' },
    });
    expect(await refused(ask('a', 1, { meter: 'bytes' }))).toMatchObject({ refusal: { path: 'meter' } });
    expect(await refused(ask('a', 2, { meter: 'jobs' }))).toMatchObject({ refusal: { path: 'quantity' } });
    expect(await refused(ask('a', '0.5'))).toMatchObject({ refusal: { path: 'quantity' } });
    expect(await refused(ask('a', 1, { meter: 'none' }))).toMatchObject({ refusal: { code: 'unknown_meter' } });
    expect(await refused(ask('a', 1, { tenant: 'none' }))).toMatchObject({ refusal: { code: 'unknown_tenant' } });
    expect(await reserve('a', 1, { meter: 'jobs' })).toMatchObject({ state: 'held' });
  });

  test('holds of the value of a dimension and of a short window too, and gives back to all of them', async () => {
    const red = { properties: { project: 'red' } };
    const first = await reserve('a', 8, { meter: 'calls', ...red });
    expect(await allowed(3, 'calls', { project: 'red' })).toBe(false);
    expect(await allowed(7, 'calls', { project: 'blue' })).toBe(true);
    expect(await allowed(8, 'calls', { project: 'blue' })).toBe(false);
    expect(await send('calls', 'x', 3, { project: 'red' })).toBe('limit_exceeded');
    await release(first);
    expect(await allowed(10, 'calls', { project: 'red' })).toBe(true);
    expect(await send('calls', 'x', 10, { project: 'red' })).toBe('accepted');
    expect(await commit(await reserve('b', 5, { meter: 'calls', properties: { project: 'blue' } }))).toBe('accepted');
    expect(await allowed(1, 'calls', { project: 'blue' })).toBe(false);
  });

  test('64 reservers at once never hold and use more than the limit, and all of it when they ask for ones', async () => {
    const answers = await Promise.all(
      Array.from({ length: 64 }, async (_, sender) => {
        const taken: ReservationTaken[] = [];
        for (let number = 0; number < 4; number += 1) {
          const answer = await ask(`${sender}-${number}`, 1);
          if (!('allowed' in answer) || !answer.allowed) continue;
          taken.push(answer);
          if (sender % 2 === 0) expect(await commit(answer)).toBe('accepted');
          const [total, held] = [await used(), await heldOf('tokens')];
          expect(Number(total ?? 0) + Number(held ?? 0)).toBeLessThanOrEqual(100);
        }
        return taken;
      }),
    );
    expect(answers.flat()).toHaveLength(100);
    expect(Number((await used()) ?? 0) + Number((await heldOf('tokens')) ?? 0)).toBe(100);
  });
});

describe('a commit', () => {
  test('gives the hold back and counts what was used, in the ledger like any other event, and only once', async () => {
    const taken = await reserve('a', 60, { properties: { model: 'large' } });
    expect(await commit(taken, { quantity: 45, properties: { finished: true } })).toBe('accepted');
    expect([await used(), await heldOf('tokens')]).toEqual(['45', null]);
    expect(await commit(taken, { quantity: 45, properties: { finished: true } })).toBe('duplicate');
    expect(await commit(taken, { quantity: 46 })).toBe('conflict');
    expect(await readReservation(stack.service, { key, reservation: taken.reservation })).toMatchObject({
      state: 'committed',
      committedQuantity: '45',
    });
    await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
    const { rows } = await stack.pool.query(`select event_id, quantity::text, properties::text from usage_event`);
    expect(rows).toEqual([
      { event_id: 'reservation a', quantity: '45', properties: '{"model": "large", "finished": true}' },
    ]);
    expect(await release(taken)).toBe('reservation_committed');
  });

  test('of more than was held is refused by a hard limit, and the hold stays; a soft one takes it', async () => {
    const taken = await reserve('a', 60);
    await send('tokens', 'x', 30);
    expect(await commit(taken, { quantity: 71 })).toBe('limit_exceeded');
    expect(await heldOf('tokens')).toBe('60');
    expect(await commit(taken, { quantity: 70 })).toBe('accepted');
    expect([await used(), await heldOf('tokens'), await allowed(1)]).toEqual(['100', null, false]);
    const soft = await reserve('b', '1.25', { meter: 'gb' });
    expect(await commit(soft, { quantity: '2.5' })).toBe('accepted');
    expect(await used('gb')).toBe('2500');
  });

  test('after the hold has run out is an event like any other, which a limit may refuse', async () => {
    const [taken, other] = [await reserve('a', 40), await reserve('b', 40)];
    await runOut(taken);
    await runOut(other);
    expect(await send('tokens', 'x', 55)).toBe('accepted');
    expect(await commit(taken)).toBe('accepted');
    expect(await commit(other)).toBe('limit_exceeded');
    expect(await used()).toBe('95');
  });

  test('needs nothing that Redis could lose', async () => {
    const taken = await reserve('a', 40);
    await stack.redis.del(holdsKey(SHARD, 'acme'), holdKey(SHARD, 'acme', holdName(taken)));
    const again = { key, reservation: taken.reservation, quantity: 30 };
    expect(await commitReservation(stack.service, again)).toMatchObject({ result: { outcome: 'accepted' }, was: null });
    expect(await commit(taken, { quantity: 30 })).toBe('duplicate');
    expect(await used()).toBe('30');
  });

  test('changes none of the properties that were reserved', async () => {
    const taken = await reserve('a', 1, { meter: 'calls', properties: { project: 'red' } });
    const changed = { key, reservation: taken.reservation, properties: { project: 'blue' } };
    expect(await commitReservation(stack.service, changed)).toMatchObject({
      refusal: { code: 'invalid', path: 'properties.project' },
    });
  });
});

describe('what is not committed', () => {
  test('is given back by a release, once, and cannot be committed any more', async () => {
    const taken = await reserve('a', 100);
    expect(await allowed(1)).toBe(false);
    expect([await release(taken), await release(taken)]).toEqual(['released', 'released']);
    expect([await allowed(100), await heldOf('tokens')]).toEqual([true, null]);
    expect(await commit(taken)).toBe('reservation_released');
    expect(await used()).toBeUndefined();
  });

  test.each([
    ['an event', async () => (await send('tokens', 'x', 100)) === 'accepted'],
    ['a check', async () => allowed(100)],
    ['a reservation', async () => (await reserve('b', 100)).allowed],
  ])('is given back by itself when it has run out: %s sees all of the limit', async (_name, sees) => {
    const taken = await reserve('a', 100);
    expect(await sees().catch(() => false)).toBe(false);
    await runOut(taken);
    expect(await sees()).toBe(true);
    expect(await readReservation(stack.service, { key, reservation: taken.reservation })).toMatchObject({
      state: 'expired',
    });
  });

  test('is held again by a rebuild of the counters, and given back from them as before', async () => {
    await send('tokens', 'x', 10);
    const taken = await reserve('a', 50);
    const other = await reserve('b', 5, { meter: 'calls', properties: { project: 'red' } });
    for (let rebuild = 0; rebuild < 2; rebuild += 1) await rebuildTenant(stack.meter, 'acme', { evenWhenValid: true });
    expect([await used(), await heldOf('tokens')]).toEqual(['10', '50']);
    expect([await allowed(41), await allowed(6, 'calls', { project: 'red' })]).toEqual([false, false]);
    expect(await commit(taken, { quantity: 20 })).toBe('accepted');
    await release(other);
    expect([await used(), await allowed(70), await allowed(10, 'calls', { project: 'red' })]).toEqual([
      '30',
      true,
      true,
    ]);
  });

  test('is invisible to keys of other tenants', async () => {
    const { reservation } = await reserve('a', 1);
    const others = { ...key, tenant: 'globex' };
    const answers = [
      await readReservation(stack.service, { key: others, reservation }),
      await commitReservation(stack.service, { key: others, reservation }),
      await releaseReservation(stack.service, { key: others, reservation }),
      await readReservation(stack.service, { key, reservation: 'rsv_x' }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ refusal: { code: 'unknown_reservation' } });
  });
});

test('a version of a meter that is still to come changes nothing for what is reserved and used before', async () => {
  const before = '  - { key: tokens, aggregation: sum, unit: token }';
  const later = `  - { key: tokens, eventType: completions, from: 2026-11-25T00:00:00Z, aggregation: sum, unit: token }`;
  await stack.apply(YAML.replace(before, later));
  const taken = await reserve('a', 60);
  expect(await commit(taken, { quantity: 50 })).toBe('accepted');
  expect(await used()).toBe('50');
  stack.setClock('2026-11-26T00:00:00Z');
  expect(await commit(await reserve('b', 50))).toBe('accepted');
  expect(await used()).toBe('100');
  await drainAll(stack.drainContext(SHARD), { timeoutMs: 10_000 });
  const { rows } = await stack.pool.query(`select type from usage_event order by occurred_at`);
  expect(rows).toEqual([{ type: 'tokens' }, { type: 'completions' }]);
});

test('the text of a reservation reads as what was written, and nothing else does', () => {
  const reserved = { tenant: 'acme', id: 'zürich 1', meter: 'm', quantity: '1.5', atMicros: 5, properties: { a: 'é' } };
  const text = reservationText(reserved);
  expect(readReservationText(text)).toEqual(reserved);
  for (const other of ['', 'rsv_', `${text}A`, text.slice(1), `rsv_${Buffer.from('[1]').toString('base64url')}`]) {
    expect(readReservationText(other)).toBeUndefined();
  }
});
