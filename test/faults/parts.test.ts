import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';

import { startCuttingProxy } from '../../tools/faults/tcp-proxy.ts';
import { compareLedger } from '../../tools/faults/compare.ts';
import { planLoad, tenantsOf } from '../../tools/faults/load-plan.ts';
import { type LoadResult, nameOf } from '../../tools/faults/load.ts';
import { namedByShard, rangesOf } from '../../tools/faults/named-ranges.ts';
import { withConnection } from '../support/template-database.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { createTestRedis } from '../support/test-redis.ts';

test('the proxy cuts a connection after the server has done what was asked', async () => {
  const store = await createTestRedis();
  const proxy = await startCuttingProxy(Number(new URL(inject('redisUrl')).port), () => 0);
  const direct = new Redis(store.redisUrl);
  const through = new Redis(proxy.port, { db: direct.options.db ?? 0, autoResendUnfulfilledCommands: false });
  through.on('error', () => undefined);
  try {
    expect(await through.incr('asked')).toBe(1);
    proxy.cutShare(1);
    let isAnswered = false;
    const answer = (): void => void (isAnswered = true);
    void through.incr('asked').then(answer, () => undefined);
    await expect.poll(() => proxy.cuts()).toBeGreaterThan(0);
    await expect.poll(() => direct.get('asked')).toBe('2');
    expect(isAnswered).toBe(false);
  } finally {
    through.disconnect();
    direct.disconnect();
    await proxy.close();
    await store.drop();
  }
});

const RESULT: LoadResult = {
  acknowledged: new Map(),
  refused: new Map(),
  unanswered: new Set(),
  acceptedAgain: 0,
  unavailable: 0,
  cutOff: 0,
  longestWaitMs: 0,
  givenUp: 0,
  surprises: [],
};

test('an acknowledged event that is not in the ledger is lost, unless an incident of its shard names it', async () => {
  const database = await createTestDatabase();
  const [batch = []] = planLoad(0, { events: 4, batchSize: 4, senders: 1 }, 1, Date.UTC(2026, 10, 20));
  const acknowledged = new Map(batch.map((event) => [nameOf(event), event]));
  const books = { tenants: tenantsOf(0), limit: 0, result: { ...RESULT, acknowledged }, sinceIncident: '0' };
  try {
    await withConnection(database.databaseUrl, async (client) => {
      expect(await compareLedger(client, books)).toMatchObject({ acknowledged: 4, lost: 4, named: 0, incidents: [] });
      const name = (shard: number, firstSequence: number, lastSequence: number) =>
        client.query(
          `insert into incident (kind, shard, details, at) values ('journal_loss', $1::smallint, $2::jsonb, now())`,
          [shard, JSON.stringify({ epoch: 1, firstSequence, lastSequence })],
        );
      await name(0, 5, 5);
      await name(1, 7, 99);
      const named = await compareLedger(client, books);
      expect(named.lost + named.named).toBe(4);
      await name(0, 1, 99);
      expect(await compareLedger(client, books)).toMatchObject({ lost: 0, named: 4, namedWrongly: 0 });
    });
  } finally {
    await database.drop();
  }
});

function loss(firstSequence: number, lastSequence: number) {
  return rangesOf({ kind: 'journal_loss', shard: 1, details: { epoch: 2, firstSequence, lastSequence } });
}

test('positions that several incidents name count once', () => {
  const gap = rangesOf({ kind: 'journal_gap', shard: 1, details: { firstMissing: '2-8', lastMissing: '2-12' } });
  expect(namedByShard([...loss(1, 10), ...loss(4, 6), ...gap])).toEqual(new Map([[1, 12]]));
  expect(rangesOf({ kind: 'ledger_restored', shard: 1, details: { confirmed: '2-8' } })).toEqual([]);
});
