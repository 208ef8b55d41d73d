import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { drainOnce } from '../../src/journal/drain-once.ts';
import { verifyChain } from '../../src/ledger/verify-chain.ts';
import { createDrainStack, type DrainStack } from '../support/drain-stack.ts';

const PARTITION = 'usage_event_2023_11';

let stack: DrainStack;
let owner: Client;

beforeEach(async () => {
  stack = await createDrainStack();
  owner = new Client({ connectionString: stack.databaseUrl });
  await owner.connect();
  await stack.append([
    { id: 'a', at: '2023-11-16T10:00:00Z', quantity: '2', properties: { user: 'ada' } },
    { id: 'b', at: '2023-11-16T10:00:01Z' },
  ]);
  await stack.append([{ id: 'a', at: '2023-11-16T10:00:00Z', quantity: '2', properties: { user: 'ada' } }]);
  await drainOnce(stack);
  await stack.append([{ id: 'c', at: '2023-11-16T10:00:02Z' }]);
  await drainOnce(stack);
});

afterEach(async () => {
  await owner.end();
  await stack.close();
});

const CHANGES = [
  "update usage_event set quantity = 9 where event_id = 'a'",
  "update usage_event set readings = '{}'",
  "update usage_event set properties = '{}' where event_id = 'a'",
  `update ${PARTITION} set quantity = 9`,
  'delete from usage_event',
  `delete from ${PARTITION}`,
  'truncate usage_event',
  `truncate ${PARTITION}`,
  'update refused_duplicate set same_content = false',
  'delete from refused_duplicate',
  'truncate refused_duplicate',
  'update drain_batch set row_count = 1',
  'delete from drain_batch',
  'truncate drain_batch',
];

describe('the ledger only appends', () => {
  test.each(CHANGES)('for its owner: %s', async (statement) => {
    await expect(owner.query(statement)).rejects.toThrow(/is refused/);
  });

  test.each(CHANGES)('for the application: %s', async (statement) => {
    await expect(stack.pool.query(statement)).rejects.toThrow(/permission denied|is refused/);
  });

  test('the application makes partitions through the definer function only', async () => {
    await expect(
      stack.pool.query("create table mine partition of usage_event for values from ('2030-01-01') to ('2030-02-01')"),
    ).rejects.toThrow(/permission denied|must be owner/);
    await stack.pool.query("select ensure_event_partitions('2030-01-15', '2030-03-01')");
    await expect(owner.query('truncate usage_event_2030_02')).rejects.toThrow(/is refused/);
  });

  test('but personal properties can be erased, and the chain stays whole', async () => {
    await stack.pool.query("update usage_event set properties = null where event_id = 'a'");
    expect(await verifyChain(stack.pool, 0)).toMatchObject({ isWhole: true, rows: 3 });
  });
});

describe('the walk of the chain, after a superuser walked past the triggers', () => {
  test.each([
    "update usage_event set quantity = 3 where event_id = 'a'",
    `update usage_event set readings = '{"requests": "2"}' where event_id = 'a'`,
    "update usage_event set accounting_period = '2023-12-01' where event_id = 'a'",
    "update usage_event set tenant = 'globex' where event_id = 'a'",
  ])('finds a changed row: %s', async (statement) => {
    expect(await tamper(statement)).toEqual(['link 1-3 has changed content']);
  });

  test('finds a removed row', async () => {
    expect(await tamper("delete from usage_event where event_id = 'b'")).toEqual(['link 1-3 has 1 rows instead of 2']);
  });

  test('finds an added row', async () => {
    const copy = `
insert into usage_event
select occurred_at + interval '1 minute', tenant, id_digest, event_id, type, quantity, properties, readings, content_digest,
  usage_period, accounting_period, shard, epoch, sequence + 9, catalogue_version, accepted_at
from usage_event where event_id = 'c'`;
    expect(await tamper(copy)).toEqual(['row 1-13 and what follows belong to no link']);
  });

  test('finds a removed link', async () => {
    expect(await tamper('delete from drain_batch where last_sequence = 3')).toContain(
      'link 1-4 begins at 4 instead of 1',
    );
  });

  test('finds a cut tail by the position row', async () => {
    await owner.query('set session_replication_role = replica');
    await owner.query("delete from usage_event where event_id = 'c'");
    expect(await tamper('delete from drain_batch where last_sequence = 4')).toEqual([
      'the last link is not the tip of the position row',
    ]);
  });
});

async function tamper(statement: string): Promise<readonly string[]> {
  await owner.query('set session_replication_role = replica');
  const { rowCount } = await owner.query(statement);
  expect(rowCount).toBeGreaterThan(0);
  const report = await verifyChain(stack.pool, 0);
  expect(report.isWhole).toBe(false);
  return report.problems;
}
