import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { journalKey, shardKey } from '../../src/meter/keys.ts';
import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { forgetEpoch, verifiedEpoch } from '../../src/meter/verify-incarnation.ts';
import { createTestRedis, type OwnTestRedis } from '../support/test-redis.ts';
import { buildGroup, createMeterBench, newTenant, type MeterBench } from './meter-bench.ts';

/** A place in another process's work where a test lets it wait. */
class Stop {
  readonly #reached = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  async pass(): Promise<void> {
    this.#reached.resolve();
    await this.#released.promise;
  }

  release(): void {
    this.#released.resolve();
  }
}

async function status(bench: MeterBench, id: string): Promise<string> {
  const answer = await recordUsage(bench.meter, buildGroup([{ id }], { gate: 1, catalogue: 1 }));
  return answer.kind === 'applied' ? answer.statuses.join('') : answer.kind;
}

describe('processes that verify one shard at the same time', () => {
  let server: OwnTestRedis;
  let slow: MeterBench;
  let other: MeterBench;

  beforeEach(async () => {
    server = await createTestRedis({ own: true });
    slow = await createMeterBench({ redisUrl: server.redisUrl });
    other = await createMeterBench({ redisUrl: server.redisUrl });
    Object.assign(other.ledger, { positions: slow.ledger.positions, tenants: slow.ledger.tenants });
    slow.ledger.tenants.set('acme', newTenant());
    await rebuildTenant(slow.meter, 'acme');
    await verifiedEpoch(other.meter, 0);
  });
  afterEach(async () => {
    await slow.close();
    await other.close();
    await server.drop();
  });

  /** After this, both have to verify again, as if the process that fenced the shard had been killed. */
  async function leaveFenced(): Promise<void> {
    await slow.redis.hset(shardKey(0), 'state', 'fenced');
    for (const { meter } of [slow, other]) forgetEpoch(meter, 0);
  }

  test('an epoch that was given out is never opened once another process has fenced the shard anew', async () => {
    await leaveFenced();
    const hasEpoch = new Stop();
    const isDraining = new Stop();
    const beginEpoch = slow.ledger.beginEpoch.bind(slow.ledger);
    slow.ledger.beginEpoch = async (shard, next) => {
      const position = await beginEpoch(shard, next);
      await hasEpoch.pass();
      return position;
    };
    other.ledger.onDrain = () => isDraining.pass();
    const slowly = verifiedEpoch(slow.meter, 0);
    await hasEpoch.reached;
    const meanwhile = verifiedEpoch(other.meter, 0);
    await isDraining.reached;
    hasEpoch.release();
    const epoch = await slowly;
    await rebuildTenant(slow.meter, 'acme');
    expect(await status(slow, 'a')).toBe('A');
    isDraining.release();
    expect(await meanwhile).toBe(epoch);
    // An entry of an epoch below the ledger's would never be drained.
    const entryEpochs = (await slow.redis.xrange(journalKey(0), '-', '+')).map(([id]) => id.split('-')[0]);
    expect(entryEpochs).toEqual([String(slow.ledger.positions.get(0)?.epoch)]);
  });

  test('an epoch is not installed in a Redis that was emptied since it was fenced', async () => {
    await leaveFenced();
    const hasEpoch = new Stop();
    const beginEpoch = slow.ledger.beginEpoch.bind(slow.ledger);
    slow.ledger.beginEpoch = async (shard, next) => {
      const position = await beginEpoch(shard, next);
      await hasEpoch.pass();
      return position;
    };
    const slowly = verifiedEpoch(slow.meter, 0);
    await hasEpoch.reached;
    const given = slow.ledger.positions.get(0)?.epoch ?? 0;
    expect(await verifiedEpoch(other.meter, 0)).toBeGreaterThan(given);
    await slow.redis.flushall();
    hasEpoch.release();
    expect(await slowly).toBeGreaterThan(given + 1);
  });

  test('a Redis that was emptied twice around a verification does not open an epoch again that was used', async () => {
    await slow.redis.flushall();
    for (const { meter } of [slow, other]) forgetEpoch(meter, 0);
    const hasRead = new Stop();
    const readPosition = slow.ledger.readPosition.bind(slow.ledger);
    slow.ledger.readPosition = async (shard) => {
      const position = await readPosition(shard);
      await hasRead.pass();
      return position;
    };
    const slowly = verifiedEpoch(slow.meter, 0);
    await hasRead.reached;
    const used = await verifiedEpoch(other.meter, 0);
    await rebuildTenant(other.meter, 'acme');
    expect([await status(other, 'a'), await status(other, 'b')]).toEqual(['A', 'A']);
    await slow.redis.flushall();
    hasRead.release();
    expect(await slowly).toBe(used + 1);
    await status(other, 'c');
    expect(other.ledger.incidents).toEqual([
      { kind: 'journal_loss', tenant: null, shard: 0, details: { epoch: used, firstSequence: 1, lastSequence: 2 } },
    ]);
  });

  test('processes that race settle on the epoch that the ledger has, every time', async () => {
    for (let round = 0; round < 40; round += 1) {
      await slow.redis.flushall();
      for (const { meter } of [slow, other]) forgetEpoch(meter, 0);
      const epochs = await Promise.all([verifiedEpoch(slow.meter, 0), verifiedEpoch(other.meter, 0)]);
      // An epoch that the ledger has left behind while Redis is open in it would take events that no drain looks at.
      expect([...new Set(epochs)]).toEqual([slow.ledger.positions.get(0)?.epoch]);
    }
  });

  test('every process names what it was answered and the ledger lacks, not only the one that begins the epoch', async () => {
    await status(other, 'a');
    await status(other, 'b');
    await slow.redis.flushall();
    await status(slow, 'c');
    expect(slow.ledger.incidents).toEqual([]);
    await status(other, 'd');
    expect(other.ledger.incidents).toEqual([
      { kind: 'journal_loss', tenant: null, shard: 0, details: { epoch: 1, firstSequence: 1, lastSequence: 2 } },
    ]);
  });
});
