import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import {
  advancePosition,
  beginEpoch,
  comparePositions,
  lastDrained,
  readPosition,
} from '../../src/ledger/journal-position.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax: 8 });
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

const begin = (runId: string, afterEpoch: number) =>
  inTransaction(pool, (client) =>
    beginEpoch(client, 0, { afterEpoch, incarnation: { runId, replicationId: `${runId}-replication` } }),
  );

test('a new incarnation gets the next epoch, once, however many processes notice it', async () => {
  const answers = await Promise.all([begin('first', 0), begin('first', 0), begin('first', 0)]);
  expect(answers).toMatchObject([{ epoch: 1 }, { epoch: 1 }, { epoch: 1 }]);
  expect(await begin('second', 1)).toMatchObject({ epoch: 2, sequence: 0, runId: 'second' });
});

test('an incarnation that another one has overtaken gets no epoch of its own', async () => {
  await begin('first', 0);
  await begin('second', 1);
  expect(await begin('first', 1)).toMatchObject({ epoch: 2, runId: 'second' });
  expect(await readPosition(pool, 0)).toMatchObject({ epoch: 2, runId: 'second' });
});

test('an epoch that Redis has and the ledger does not know is passed', async () => {
  expect(await begin('first', 41)).toMatchObject({ epoch: 42, sequence: 0 });
});

test('a position only rises', async () => {
  await begin('first', 0);
  const chainDigest = Buffer.alloc(32, 1);
  const advance = (epoch: number, sequence: number) =>
    advancePosition(pool, { shard: 0, to: { epoch, sequence }, chainDigest });
  await advance(1, 5);
  await expect(advance(1, 5)).rejects.toThrow('already at or past 1-5');
  await expect(advance(0, 9)).rejects.toThrow('already at or past 0-9');
  expect(await readPosition(pool, 0)).toMatchObject({ epoch: 1, sequence: 5, runId: 'first', chainDigest });
});

test('a shard that was never drained stands at the beginning', async () => {
  expect(await readPosition(pool, 3)).toMatchObject({ epoch: 0, sequence: 0 });
  expect(await lastDrained(pool, 3, 1)).toBe(0);
});

test('positions are ordered by epoch, then sequence', () => {
  const positions = [
    { epoch: 2, sequence: 1 },
    { epoch: 1, sequence: 9 },
    { epoch: 1, sequence: 10 },
  ];
  expect(positions.toSorted(comparePositions).map(({ sequence }) => sequence)).toEqual([9, 10, 1]);
});
