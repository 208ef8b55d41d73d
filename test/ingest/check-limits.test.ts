import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { AuthenticatedKey } from '../../src/catalog/api-keys.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { checkLimits, type CheckQuestion } from '../../src/ingest/check-limits.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { sealPeriod } from '../../src/ledger/seal-period.ts';
import { gateKey, shardKey, shardOf, usageKey } from '../../src/meter/keys.ts';
import { MeterUnavailableError } from '../../src/meter/meter-errors.ts';
import { readGateRecord } from '../../src/meter/read-counters.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const NOVEMBER = '2026-11-01T00:00:00Z';
const RESETS_AT = '2026-12-01T00:00:00Z';
const SHARD = shardOf('acme', 2);

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: gb, aggregation: sum, unit: GB, scale: 3 }
  - { key: free, aggregation: sum, unit: thing }
  - { key: peak, aggregation: max, unit: seat }
plans:
  - key: basic
    currency: USD
    baseFee: 1.00
    charges: []
    limits:
      - { meter: calls, mode: hard, limit: 10 }
      - { meter: gb, mode: soft, limit: 1.5 }
      - { meter: peak, mode: hard, limit: 3 }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
  - { id: ended, currency: USD, billingStart: 2026-10-01T00:00:00Z, endsAt: 2026-11-10T00:00:00Z, plan: basic }
`;

let stack: IngestStack;
let secret: string;
let key: AuthenticatedKey;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML });
  secret = await stack.createKey('write', ['ingest']);
  key = (await stack.service.keys.authenticate(secret)) as AuthenticatedKey;
});
afterEach(() => stack.close());

let eventNumber = 0;

async function send(type: string, quantity: number | string): Promise<string | undefined> {
  eventNumber += 1;
  const event = { id: `event-${eventNumber}`, tenant: 'acme', type, quantity, occurredAt: '2026-11-20T10:00:00Z' };
  return (await stack.send(secret, [event]))[0]?.outcome;
}

function check(meters: string | readonly string[], quantity: unknown = '1', more: Partial<CheckQuestion> = {}) {
  const question = { key, tenant: 'acme', meters: typeof meters === 'string' ? [meters] : meters, quantity };
  return checkLimits(stack.service, { ...question, ...more });
}

function limit(meter: string, used: string, bound: string, remaining: string) {
  return { meter, window: 'period', used, limit: bound, remaining, resetsAt: RESETS_AT };
}

describe('checkLimits', () => {
  test('says what an event of that quantity would be answered, and takes nothing', async () => {
    await send('calls', 4);
    const before = await stack.redis.hgetall(usageKey(SHARD, 'acme', NOVEMBER));
    const limits = [limit('calls', '4', '10', '6')];
    expect(await check('calls', '6')).toEqual({ allowed: true, limits });
    expect(await check('calls', 7)).toEqual({ allowed: false, reason: 'limit_exceeded', limits });
    expect(await stack.redis.hgetall(usageKey(SHARD, 'acme', NOVEMBER))).toEqual(before);
    expect(await send('calls', 7)).toBe('limit_exceeded');
    expect(await send('calls', 6)).toBe('accepted');
    expect(await check('calls', 0)).toEqual({ allowed: true, limits: [limit('calls', '10', '10', '0')] });
  });

  test('asks Redis once for several meters: one that is full refuses all, one without a limit has no entry', async () => {
    await send('calls', 10);
    const call = vi.spyOn(stack.meter.redis, 'readLimits');
    expect(await check(['free', 'gb', 'calls'], '1')).toEqual({
      allowed: false,
      reason: 'limit_exceeded',
      limits: [limit('gb', '0', '1.5', '1.5'), limit('calls', '10', '10', '0')],
    });
    expect(call).toHaveBeenCalledTimes(1);
    expect(await check('free', '1000')).toEqual({ allowed: true, limits: [] });
  });

  test('a soft limit shows that it is passed and refuses nothing', async () => {
    await send('gb', '1.25');
    expect(await check('gb', '0.5')).toEqual({ allowed: true, limits: [limit('gb', '1.25', '1.5', '0.25')] });
    await send('gb', '0.5');
    expect(await check('gb', '0.5')).toEqual({
      allowed: true,
      limits: [{ ...limit('gb', '1.75', '1.5', '0'), exceeded: true }],
    });
  });

  test('a maximum is compared with its limit, not added up', async () => {
    await send('peak', 3);
    expect(await check('peak', 3)).toMatchObject({ allowed: true, limits: [{ used: '3' }] });
    expect(await check('peak', 4)).toMatchObject({ allowed: false });
  });

  test('outside the life of the tenant nothing is allowed', async () => {
    expect(await check('calls', '1', { tenant: 'ended' })).toEqual({
      allowed: false,
      reason: 'tenant_closed',
      limits: [],
    });
  });

  test('names what is not there and what cannot be read', async () => {
    const code = async (answer: ReturnType<typeof check>) =>
      ((await answer) as { refusal: { code: string } }).refusal.code;
    expect(await code(check('nothing'))).toBe('unknown_meter');
    expect(await code(check('calls', '1', { tenant: 'nobody' }))).toBe('unknown_tenant');
    expect(await code(check('calls', '1', { key: { ...key, tenant: 'ended' } }))).toBe('unknown_tenant');
    for (const quantity of ['1.5', '-1', '1e3', 2 ** 53, '9007199254740992', '']) {
      expect([quantity, await code(check('calls', quantity))]).toEqual([quantity, 'invalid_quantity']);
    }
  });

  test('knows a tenant and a meter that another process made a moment ago', async () => {
    const old = stack.catalogue.current();
    await stack.apply(`${YAML}  - { id: late, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }\n`);
    vi.spyOn(stack.catalogue, 'current').mockReturnValueOnce(old);
    expect(await check('calls', '1', { tenant: 'late' })).toMatchObject({ allowed: true });
  });

  test('puts void counters back before it answers', async () => {
    await send('calls', 9);
    await stack.redis.hset(gateKey(SHARD, 'acme'), 'epoch', '0');
    await stack.redis.del(usageKey(SHARD, 'acme', NOVEMBER));
    expect(await readGateRecord(stack.meter, 'acme')).toBeUndefined();
    expect(await check('calls', '2')).toMatchObject({ allowed: false, limits: [{ used: '9' }] });
    expect(await readGateRecord(stack.meter, 'acme')).toBeDefined();
  });

  test('answers after every catalogue and seal that it had not heard of', async () => {
    await send('calls', 9);
    const { version } = stack.catalogue.current();
    await stack.pool.query('update catalogue_version set version = version + 1');
    await stack.redis.hset(shardKey(SHARD), 'catalogue', String(version + 1));
    expect(await check('calls', '2')).toMatchObject({ allowed: false });
    expect(stack.catalogue.current().version).toBe(version + 1);
    const october = { tenant: 'acme', periodStart: requireInstant('2026-10-01T00:00:00Z') };
    await inTransaction(stack.pool, (client) => sealPeriod(client, october));
    await stack.catalogue.reload();
    expect(await check('calls', '2')).toMatchObject({ allowed: false, limits: [{ used: '9' }] });
  });

  test('without Redis it is not answered at all', async () => {
    stack.meter.redis.disconnect();
    await expect(check('calls')).rejects.toThrow(MeterUnavailableError);
  });
});
