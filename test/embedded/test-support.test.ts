import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';

import { createTestDatabase } from '../support/test-database.ts';
import { createTestRedis } from '../support/test-redis.ts';
import { withConnection } from '../support/template-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('each test database is migrated and its own', async () => {
  const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await withConnection(first.databaseUrl, async (client) => {
    await client.query('create table only_in_the_first (a int)');
    const { rows } = await client.query(
      `select count(*)::int as tables from pg_tables where schemaname <> 'pg_catalog'`,
    );
    expect(rows[0].tables).toBeGreaterThan(4);
  });
  await withConnection(second.databaseUrl, async (client) => {
    const { rows } = await client.query(`select to_regclass('only_in_the_first') as found`);
    expect(rows[0].found).toBeNull();
  });
  await Promise.all([first.drop(), second.drop()]);
  await expect(withConnection(first.databaseUrl, async () => undefined)).rejects.toThrow(/does not exist/u);
});

test('each test Redis is empty and its own, and is empty again for the next one that gets its number', async () => {
  const [first, second] = await Promise.all([createTestRedis(), createTestRedis()]);
  const [redisOne, redisTwo] = [new Redis(first.redisUrl), new Redis(second.redisUrl)];
  await redisOne.set('key', 'one');
  expect(await redisTwo.get('key')).toBeNull();
  await first.drop();
  expect(await redisOne.dbsize()).toBe(0);
  await second.drop();
  redisOne.disconnect();
  redisTwo.disconnect();
});

test('an own Redis keeps what it acknowledged through a SIGKILL', async () => {
  const own = await createTestRedis({ own: true });
  const redis = new Redis(own.redisUrl);
  redis.on('error', () => undefined);
  await redis.set('key', 'acknowledged');
  await own.kill();
  await own.restart();
  expect(await redis.get('key')).toBe('acknowledged');
  redis.disconnect();
  await own.drop();
});

test('a test run that is killed leaves neither processes nor data behind', async () => {
  const folder = temporaryFolder();
  const entry = fileURLToPath(new URL('../support/keep-stack.ts', import.meta.url));
  const environment = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, [entry], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { redisUrl } = JSON.parse(/'(.*)'/u.exec(line.toString('utf8'))?.[1] ?? '') as { redisUrl: string };
  const redis = new Redis(redisUrl, { retryStrategy: null });
  expect(await redis.ping()).toBe('PONG');
  expect(readdirSync(folder)).toHaveLength(1);
  const disconnected = once(redis, 'end');
  child.kill('SIGKILL');
  await disconnected;
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), { timeout: 20_000, interval: 50 });
});
