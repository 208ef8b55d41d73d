import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';

import { EmbeddedError } from '../../src/embedded/embedded-error.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { identityOf, readIdentity, writeIdentity } from '../../src/embedded/process-identity.ts';
import { startStack } from '../../src/embedded/start-stack.ts';
import type { RunningStack, StackOptions } from '../../src/embedded/start-stack.ts';
import { withConnection } from '../support/template-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { settingsOf } from './settings-of.ts';

const WORKFLOW_ID = 'kept-over-a-restart';

async function start(options: StackOptions): Promise<RunningStack> {
  const stack = await startStack({ say: () => undefined, ...options });
  onTestFinished(() => stack.stop());
  return stack;
}

/** The server's own settings and everything external except what a test wants to start. */
function externalExcept(...started: string[]): Record<string, string> {
  const all = {
    DATABASE_URL: inject('databaseUrl'),
    REDIS_URL: inject('redisUrl'),
    TEMPORAL_ADDRESS: inject('temporalAddress'),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !started.includes(name)));
}

async function onTemporal<T>(address: string, work: (client: TemporalClient) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new TemporalClient({ connection }));
  } finally {
    await connection.close();
  }
}

async function leaveTraces(stack: RunningStack): Promise<void> {
  await withConnection(stack.databaseUrl, (client) => client.query('create table trace as select 42 as a'));
  const redis = new Redis(stack.redisUrl);
  await redis.set('trace', '42');
  redis.disconnect();
  await onTemporal(stack.temporalAddress, (client) =>
    client.workflow.start('waits', { taskQueue: 'nobody', workflowId: WORKFLOW_ID }),
  );
}

async function readTraces(stack: RunningStack): Promise<unknown[]> {
  const { rows } = await withConnection(stack.databaseUrl, (client) => client.query('select a from trace'));
  const redis = new Redis(stack.redisUrl);
  const value = await redis.get('trace');
  redis.disconnect();
  const { status } = await onTemporal(stack.temporalAddress, (client) =>
    client.workflow.getHandle(WORKFLOW_ID).describe(),
  );
  return [rows[0].a, value, status.name];
}

test('a second start on the same data continues where the first stopped, at the same addresses', async () => {
  const settings = await settingsOf(temporaryFolder());
  const first = await start({ settings });
  expect(first.isFirstStart).toBe(true);
  await leaveTraces(first);
  await first.stop();
  const kept = {
    ...settings,
    ports: { postgres: undefined, redis: undefined, temporal: undefined, temporalUi: undefined },
  };
  const second = await start({ settings: kept });
  expect(second.isFirstStart).toBe(false);
  expect(await readTraces(second)).toEqual([42, '42', 'RUNNING']);
  expect({ ...second, stop: null, isFirstStart: null }).toEqual({ ...first, stop: null, isFirstStart: null });
  expect((await fetch(second.temporalUiUrl ?? '')).status).toBe(200);
});

test('what a killed supervisor left running is ended, and said, before the next start', async () => {
  const dataFolder = temporaryFolder();
  const settings = await settingsOf(dataFolder, externalExcept('DATABASE_URL', 'REDIS_URL'));
  const entry = fileURLToPath(new URL('./keep-running.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const left = ['postgres', 'redis'].map((name) => readIdentity(join(dataFolder, 'run', `${name}.json`)));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(left.map((identity) => identityOf(identity?.pid ?? 0))).toEqual(left);
  const lines: string[] = [];
  await start({ settings, say: (line) => lines.push(line) });
  expect(lines.join('\n')).toContain('Redis of an earlier run is still running');
  expect(lines.join('\n')).toContain('PostgreSQL of an earlier run is still running');
  expect(left.map((identity) => identityOf(identity?.pid ?? 0))).toEqual([undefined, undefined]);
});

test('a data folder that another supervisor uses is refused, naming its process', async () => {
  const settings = await settingsOf(temporaryFolder(), externalExcept());
  await start({ settings });
  await expect(startStack({ settings, say: () => undefined })).rejects.toThrow(
    new RegExp(`in use by another Tollkeeper \\(process ${process.pid}\\).*stop that one first`, 'u'),
  );
});

test('the lock of a supervisor that has ended is taken over', async () => {
  const dataFolder = temporaryFolder();
  const ended = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  writeIdentity(join(dataFolder, 'supervisor.lock'), ended.pid ?? 0);
  await once(ended, 'exit');
  const stack = await start({ settings: await settingsOf(dataFolder, externalExcept()) });
  expect(readIdentity(join(dataFolder, 'supervisor.lock'))?.pid).toBe(process.pid);
  await stack.stop();
  expect(existsSync(join(dataFolder, 'supervisor.lock'))).toBe(false);
});

test.each([
  ['another layout', { layout: 2, postgresMajor: 18 }, /layout 2, PostgreSQL 18;/u],
  ['another PostgreSQL', { layout: 1, postgresMajor: 17 }, /layout 1, PostgreSQL 17;/u],
])('a data folder of %s is refused with what to do', async (_, version, text) => {
  const dataFolder = temporaryFolder();
  writeFileSync(join(dataFolder, 'version.json'), JSON.stringify(version));
  const starting = startStack({ settings: await settingsOf(dataFolder), say: () => undefined });
  await expect(starting).rejects.toThrow(text);
  await expect(starting).rejects.toThrow(/or move the folder away/u);
  expect(existsSync(join(dataFolder, 'postgres'))).toBe(false);
});

test('data without a version is refused', async () => {
  const dataFolder = temporaryFolder();
  mkdirSync(join(dataFolder, 'postgres'));
  const starting = startStack({ settings: await settingsOf(dataFolder), say: () => undefined });
  await expect(starting).rejects.toThrow(/has data but no version\.json/u);
});

test.each([
  ['Redis', 'TOLLKEEPER_REDIS_PORT', 'postgres', 'database system is shut down'],
  ['PostgreSQL', 'TOLLKEEPER_POSTGRES_PORT', 'redis', 'ready to exit, bye bye'],
])(
  'a taken port of %s is named with its setting, and what had started is stopped',
  async (part, setting, other, lastWords) => {
    const dataFolder = temporaryFolder();
    const port = await freePort();
    const listener = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const settings = await settingsOf(dataFolder, {
      ...externalExcept('DATABASE_URL', 'REDIS_URL'),
      [setting]: String(port),
    });
    const starting = startStack({ settings, say: () => undefined });
    await expect(starting).rejects.toThrow(`port ${port} for ${part} is taken`);
    await expect(starting).rejects.toThrow(setting);
    expect(readFileSync(join(dataFolder, 'logs', `${other}.log`), 'utf8')).toContain(lastWords);
    expect(existsSync(join(dataFolder, 'supervisor.lock'))).toBe(false);
  },
);

test('a part that runs elsewhere is not started, and its password is not printed', async () => {
  const dataFolder = temporaryFolder();
  const lines: string[] = [];
  const settings = await settingsOf(dataFolder, externalExcept('REDIS_URL'));
  const stack = await start({ settings, say: (line) => lines.push(line) });
  expect(stack.databaseUrl).toBe(inject('databaseUrl'));
  expect(stack.temporalAddress).toBe(inject('temporalAddress'));
  expect(existsSync(join(dataFolder, 'postgres'))).toBe(false);
  expect(existsSync(join(dataFolder, 'temporal'))).toBe(false);
  expect(lines.find((line) => line.startsWith('PostgreSQL'))).toMatch(/not started here/u);
  expect(lines.join('\n')).not.toContain(new URL(stack.databaseUrl).password);
});

test('the death of one part is named with the end of its log, and the others are stopped', async () => {
  const dataFolder = temporaryFolder();
  const settings = await settingsOf(dataFolder, externalExcept('DATABASE_URL', 'REDIS_URL'));
  const died = Promise.withResolvers<[string, string]>();
  const lines: string[] = [];
  const onPartDied = (name: string, tail: string): void => died.resolve([name, tail]);
  const stack = await start({ settings, onPartDied, say: (line) => lines.push(line) });
  const redis = readIdentity(join(dataFolder, 'run', 'redis.json'));
  const postgres = readIdentity(join(dataFolder, 'run', 'postgres.json'));
  process.kill(redis?.pid ?? 0, 'SIGKILL');
  const [name, tail] = await died.promise;
  expect(name).toBe('Redis');
  expect(tail).toContain('Ready to accept connections');
  await stack.stop();
  expect(lines.join('\n')).toMatch(/Redis died \(by SIGKILL\)\. The end of its log:/u);
  expect(identityOf(postgres?.pid ?? 0)).toBeUndefined();
});

test('Redis runs the durable profile', async () => {
  const stack = await start({ settings: await settingsOf(temporaryFolder(), externalExcept('REDIS_URL')) });
  const redis = new Redis(stack.redisUrl);
  const read = async (name: string): Promise<string | undefined> => (await redis.config('GET', name))[1];
  const names = [
    'appendonly',
    'appendfsync',
    'no-appendfsync-on-rewrite',
    'maxmemory-policy',
    'lazyfree-lazy-expire',
    'bind',
  ];
  expect(await Promise.all(names.map(read))).toEqual(['yes', 'always', 'no', 'noeviction', 'yes', '127.0.0.1']);
  redis.disconnect();
});

test('PostgreSQL is durable, keeps UTC, and its password is for its owner only', async () => {
  const dataFolder = temporaryFolder();
  const stack = await start({ settings: await settingsOf(dataFolder, externalExcept('DATABASE_URL')) });
  const { rows } = await withConnection(stack.databaseUrl, (client) =>
    client.query(
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
              current_setting('timezone') as zone, current_setting('server_encoding') as encoding,
              current_setting('data_checksums') as checksums, current_setting('listen_addresses') as listen`,
    ),
  );
  expect(rows[0]).toEqual({
    fsync: 'on',
    commit: 'on',
    zone: 'UTC',
    encoding: 'UTF8',
    checksums: 'on',
    listen: '127.0.0.1',
  });
  const wrong = stack.databaseUrl.replace(/:[^:@]+@/u, ':wrong@');
  await expect(withConnection(wrong, async () => undefined)).rejects.toThrow(/password authentication failed/u);
  expect(readFileSync(join(dataFolder, 'postgres.password'), 'utf8')).toBe(new URL(stack.databaseUrl).password);
});

test('a port that is no port is refused, naming the variable', async () => {
  const reading = settingsOf('/nowhere', { TOLLKEEPER_REDIS_PORT: '70000' });
  await expect(reading).rejects.toThrow(EmbeddedError);
  await expect(reading).rejects.toThrow(/TOLLKEEPER_REDIS_PORT is "70000", which is no port/u);
});
