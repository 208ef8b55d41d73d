import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 120_000);

afterAll(() => world.close());

function checkHealth(environment: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['worker/check-health.ts'], {
    env: {
      ...process.env,
      DATABASE_URL: world.databaseUrl,
      REDIS_URL: world.redis.redisUrl,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: world.namespace,
      ...environment,
    },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('a worker that polls is well', () => {
  expect(checkHealth({})).toEqual({ status: 0, stdout: 'the worker polls its task queue\n', stderr: '' });
});

test('a task queue that nobody on this host polls is a fault that is named', () => {
  const { status, stderr } = checkHealth({ TEMPORAL_TASK_QUEUE: 'nobody' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^the worker is not well: no worker of \S+ polls the task queue nobody of /);
});

test('a Temporal that does not answer is a fault', () => {
  const { status, stderr } = checkHealth({ TEMPORAL_ADDRESS: '127.0.0.1:9' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^the worker is not well: .*connect/i);
});

test('settings that are missing are told apart from a sick worker', () => {
  const { status, stderr } = checkHealth({ REDIS_URL: '' });
  expect(status).toBe(2);
  expect(stderr).toContain('REDIS_URL');
});
