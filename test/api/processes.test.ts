import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { withConnection } from '../support/template-database.ts';
import { createTestRedis } from '../support/test-redis.ts';
import type { OwnTestRedis } from '../support/test-redis.ts';

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line of output. */
  readonly firstLine: Promise<string>;
}

function start(file: string, environment: Readonly<Record<string, string>>): Started {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], TZ: 'UTC', LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const end = output.indexOf('\n');
      if (end >= 0) resolve(output.slice(0, end));
    });
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before its first line:\n${errors}`)));
  });
  firstLine.catch(() => undefined);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output, errors }));
  return { child, ended, firstLine };
}

describe('the programs of the API', () => {
  let database: TestDatabase;
  let redis: OwnTestRedis;
  let environment: Record<string, string>;
  let adminKey: string;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), createTestRedis({ own: true })]);
    environment = {
      DATABASE_URL: database.databaseUrl,
      REDIS_URL: redis.redisUrl,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TOLLKEEPER_PORT: '0',
    };
  });

  afterAll(async () => {
    await redis.drop();
    await database.drop();
  });

  test('prepare shows the first admin key once', async () => {
    const first = await start('src/api/prepare.ts', environment).ended;
    expect([first.code, first.errors]).toEqual([0, '']);
    adminKey = (JSON.parse(first.output) as { firstAdminKey: string }).firstAdminKey;
    expect(adminKey).toMatch(/^tk_test_/);
    const second = await start('src/api/prepare.ts', environment).ended;
    expect(second.output).toBe('{"firstAdminKey":null}\n');
  });

  test.each([
    ['src/api/prepare.ts', { DATABASE_URL: '' }, 'DATABASE_URL'],
    ['src/api/prepare.ts', { TOLLKEEPER_MODE: 'live' }, 'set TOLLKEEPER_MODE=test'],
    ['src/api/main.ts', { REDIS_URL: 'nowhere' }, 'REDIS_URL'],
  ])('%s with the settings %j ends with 2 and says which', async (file, changes, text) => {
    const { code, errors } = await start(file, { ...environment, ...changes }).ended;
    expect([code, errors]).toEqual([2, expect.stringContaining(text)]);
    expect(errors).not.toMatch(/\n\s+at /);
  });

  test('refuse to keep money in a Redis that would lose it', async () => {
    const settings = new Redis(redis.redisUrl);
    try {
      await settings.config('SET', 'appendfsync', 'everysec');
      const { code, errors } = await start('src/api/main.ts', environment).ended;
      expect([code, errors]).toEqual([2, expect.stringContaining('redis-cli config set appendfsync always')]);
    } finally {
      await settings.config('SET', 'appendfsync', 'always');
      settings.disconnect();
    }
  });

  test('serve, name a dead dependency, come back with it, and stop when told', { timeout: 60_000 }, async () => {
    const api = start('src/api/main.ts', environment);
    const url = /http:\/\/\S+/.exec(await api.firstLine)?.[0] ?? '';
    const call = async (path: string, body?: string) => {
      const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/yaml' };
      const response = await fetch(url + path, body === undefined ? { headers } : { method: 'POST', headers, body });
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    const catalogue = `
meters: [{ key: calls, aggregation: count }]
plans: [{ key: p, currency: USD }]
tenants: [{ id: acme, currency: USD, plan: p }]`;
    expect((await call('/v1/catalogue', catalogue)).status).toBe(200);
    const ready = await call('/readyz');
    expect([ready.status, JSON.parse(ready.text)]).toEqual([200, expect.objectContaining({ status: 'ready' })]);

    const taken = await start('src/api/main.ts', { ...environment, TOLLKEEPER_PORT: new URL(url).port }).ended;
    expect([taken.code, taken.errors]).toEqual([2, expect.stringContaining('is taken')]);

    const sendEvent = async (aheadMs = 0) => {
      const event = { tenant: 'acme', type: 'calls', occurredAt: new Date(Date.now() + aheadMs).toISOString() };
      return fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(event),
      });
    };
    expect((await sendEvent()).status).toBe(200);
    await redis.kill();
    const refused = await sendEvent();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(await refused.text()).toContain('Redis');
    const unready = await call('/readyz');
    expect([unready.status, JSON.parse(unready.text)]).toEqual([
      503,
      expect.objectContaining({
        dependencies: expect.objectContaining({ redis: expect.objectContaining({ status: 'down' }) }),
      }),
    ]);
    expect((await call('/v1/tenants/acme/usage')).text).toContain('"liveSource":"ledger"');
    await redis.restart();
    await expect.poll(async () => (await sendEvent()).status, { timeout: 20_000 }).toBe(200);

    expect(await (await sendEvent(3_600_000)).text()).toContain('too_early');
    api.child.kill('SIGTERM');
    const ended = await api.ended;
    expect([ended.code, ended.output]).toEqual([0, expect.stringMatching(/^tollkeeper api ready on http:.*\n$/)]);
    expect(ended.errors).not.toContain(adminKey);
    // What was refused last is counted before the program ends.
    const { rows } = await withConnection(database.databaseUrl, (client) =>
      client.query('select meter, reason, event_count::integer from refusal'),
    );
    expect(rows).toEqual([{ meter: 'calls', reason: 'too_early', event_count: 1 }]);
  });

  test('name PostgreSQL when it is away at the start', async () => {
    const { code, errors } = await start('src/api/main.ts', {
      ...environment,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    }).ended;
    expect([code, errors]).toEqual([
      1,
      expect.stringMatching(/^the API cannot start: postgresql does not answer: .*ECONNREFUSED/m),
    ]);
  });
});
