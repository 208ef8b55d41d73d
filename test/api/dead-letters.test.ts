import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { replayLetter } from '../../src/journal/replay-letter.ts';
import { readDeadLetter } from '../../src/ledger/dead-letter-cases.ts';
import { readPosition } from '../../src/ledger/journal-position.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { shardKey } from '../../src/meter/keys.ts';
import { withConnection } from '../support/template-database.ts';
import { type ApiBench, CATALOGUE, NOW, openApiBench } from './api-bench.ts';

let bench: ApiBench;

beforeEach(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
});
afterEach(() => bench.close());

async function owner(sql: string): Promise<void> {
  await withConnection(bench.databaseUrl, (client) => client.query(sql));
}

/** From here on the ledger cannot take events with this id, as if a fault of the program made them unreadable for it. */
const FORBID = "alter table usage_event add constraint forbidden check (event_id not like 'bad%')";
const ALLOW = 'alter table usage_event drop constraint forbidden';

async function send(id: string, quantity = 1): Promise<string> {
  const body = { id, tenant: 'acme', type: 'calls', quantity, occurredAt: '2026-11-20T10:00:00Z' };
  return (await bench.call('POST', '/v1/events', { body })).body.results[0].outcome;
}

async function letters(query = '') {
  return (await bench.call('GET', `/v1/dead-letters${query}`)).body.data as Record<string, string>[];
}

async function settle(action: string, id = 'dl_1', reason = 'ticket 4711') {
  return bench.call('POST', `/v1/dead-letters/${id}/${action}`, { body: { reason } });
}

const sumOf = (table: string): string =>
  `select coalesce(sum(quantity_sum), 0)::text as sum from ${table} where tenant = 'acme' and meter = 'calls'`;

/** What the ledger has of the tenant's calls, and what its counters say. */
async function totals(): Promise<[string, string]> {
  const { rows } = await bench.pool.query<{ sum: string }>(`${sumOf('usage_hourly')} union ${sumOf('usage_daily')}`);
  expect(rows).toHaveLength(1);
  const { live } = (await bench.call('GET', '/v1/tenants/acme/usage')).body;
  return [rows[0]?.sum ?? '', live.calls?.quantity ?? '0'];
}

async function isChainWhole(): Promise<boolean> {
  const reports = await Promise.all([verifyChain(bench.pool, 0), verifyChain(bench.pool, 1)]);
  return reports.every(({ isWhole }) => isWhole);
}

/** Three events, of which the second cannot be written. */
async function poison(): Promise<void> {
  await send('good-1', 1);
  await owner(FORBID);
  await send('bad-1', 20);
  await send('good-2', 3);
  await bench.drain();
}

describe('a dead letter', () => {
  test('is listed with its reason, and shown with what it holds to administrators alone', async () => {
    await poison();
    const [letter] = await letters();
    expect(letter).toMatchObject({ id: 'dl_1', tenant: 'acme', resolution: null, resolvedAt: null });
    expect(letter?.['reason']).toContain('forbidden');
    const { body } = await bench.call('GET', '/v1/dead-letters/dl_1');
    expect(JSON.parse(body.content)).toMatchObject({ eventId: 'bad-1', quantity: '20' });
    const key = await bench.makeKey(['read']);
    expect((await bench.call('GET', '/v1/dead-letters', { key })).status).toBe(403);
    const bound = await bench.makeKey(['admin'], 'acme');
    expect((await bench.call('GET', '/v1/dead-letters', { key: bound })).status).toBe(403);
    expect((await bench.call('GET', '/v1/dead-letters/dl_99')).status).toBe(404);
  });

  test('is in the ledger once after a fix and a replay, with chain and counters whole', async () => {
    await poison();
    expect(await totals()).toEqual(['4', '24']);
    await owner(ALLOW);
    const answer = await settle('replay');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ resolution: 'replayed', resolvedReason: 'ticket 4711', newEvents: 1 });
    expect(await send('good-3', 5)).toBe('accepted');
    await bench.drain();
    expect(await totals()).toEqual(['29', '29']);
    expect(await isChainWhole()).toBe(true);
    expect(await send('bad-1', 20)).toBe('duplicate');
    expect(await letters()).toEqual([]);
    expect(await letters('?state=all')).toHaveLength(1);
    expect((await settle('replay')).body.error.code).toBe('already_resolved');
    expect(await totals()).toEqual(['29', '29']);
  });

  test('that still cannot be written stays open, and nothing is changed', async () => {
    await poison();
    const answer = await settle('replay');
    expect([answer.status, answer.body.error.code]).toEqual([409, 'still_poison']);
    expect(await letters()).toHaveLength(1);
    expect(await send('good-3', 5)).toBe('accepted');
    await bench.drain();
    expect((await totals())[0]).toBe('9');
    expect(await isChainWhole()).toBe(true);
  });

  test('whose event came again another way is a duplicate, and is not counted twice', async () => {
    await poison();
    await owner(ALLOW);
    await owner(`
insert into usage_event
select occurred_at, tenant, decode(entry_row ->> 'idDigest', 'hex'), 'bad-1', type, 20, null, '{"calls":"20"}',
  decode(entry_row ->> 'contentDigest', 'hex'), usage_period, accounting_period, 99, 1, 1, catalogue_version, accepted_at
from usage_event, (select (entry ->> 'text')::jsonb as entry_row from dead_letter) letter
where event_id = 'good-1'`);
    const answer = await settle('replay');
    expect(answer.body).toMatchObject({ resolution: 'duplicate', newEvents: 0, knownEvents: 1 });
    await send('good-3', 5);
    await bench.drain();
    expect(await totals()).toEqual(['9', '9']);
  });

  test('that was replayed by a process that died before Redis was told is in ledger and counters all the same', async () => {
    await poison();
    await owner(ALLOW);
    const letter = await readDeadLetter(bench.pool, 1);
    if (letter === undefined) throw new Error('there is no letter');
    const { epoch, runId, replicationId } = await readPosition(bench.pool, letter.shard);
    const redis = new Redis(bench.redisUrl);
    await redis.hset(shardKey(letter.shard), 'state', 'fenced', 'fence', 'of the process that died');
    redis.disconnect();
    const decision = { actor: 'key_1', reason: 'ticket 4711', at: requireInstant(NOW) };
    await replayLetter(
      { pool: bench.pool, letter, decision },
      { afterEpoch: epoch, incarnation: { runId, replicationId } },
    );
    expect(await send('good-3', 5)).toBe('accepted');
    await bench.drain();
    expect(await totals()).toEqual(['29', '29']);
    expect(await isChainWhole()).toBe(true);
    const { rows } = await bench.pool.query('select kind from incident');
    expect(rows).toEqual([]);
  });

  test('that is discarded leaves the counters, with who decided it and why', async () => {
    await poison();
    const answer = await settle('discard');
    expect(answer.body).toMatchObject({ resolution: 'discarded', resolvedReason: 'ticket 4711' });
    expect(answer.body.resolvedBy).toMatch(/^key_/);
    expect(await totals()).toEqual(['4', '4']);
    const { rows } = await bench.pool.query("select action, subject from audit_entry where subject = 'dl_1'");
    expect(rows).toEqual([{ action: 'dead_letter.discard', subject: 'dl_1' }]);
    expect((await settle('replay')).status).toBe(409);
  });

  test('is not settled without a reason', async () => {
    await poison();
    expect((await bench.call('POST', '/v1/dead-letters/dl_1/discard', { body: {} })).status).toBe(400);
    expect(await letters()).toHaveLength(1);
  });
});
