import { join } from 'node:path';

import { expect, test } from 'vitest';

import { findRedis } from '../../src/embedded/find-redis.ts';
import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeProgram } from './fake-program.ts';

const VERSION_7 = 'echo "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=0"';
const VERSION_6 = 'echo "Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=0"';

test('with TOLLKEEPER_NO_INSTALL=1 a missing Redis is an error with the line to type for each system', async () => {
  const folder = temporaryFolder();
  fakeProgram(join(folder, 'apt-get'), `touch ${folder}/ran`);
  const finding = findRedis(readEmbeddedSettings({ PATH: folder, TOLLKEEPER_NO_INSTALL: '1' }));
  await expect(finding).rejects.toThrow(/Redis is missing: neither redis-server nor valkey-server is on the PATH/u);
  for (const line of ['apt-get install redis-server', 'dnf install valkey', 'brew install redis', 'REDIS_URL']) {
    await expect(finding).rejects.toThrow(line);
  }
});

test('a Redis that is too old is refused, naming both versions', async () => {
  const folder = temporaryFolder();
  const program = fakeProgram(join(folder, 'redis-server'), VERSION_6);
  await expect(findRedis(readEmbeddedSettings({ PATH: folder }))).rejects.toThrow(
    `${program} is version 6.2.14; Redis 7.0 or newer is needed`,
  );
});

test('a Valkey on the path will do', async () => {
  const folder = temporaryFolder();
  const program = fakeProgram(join(folder, 'valkey-server'), 'echo "Valkey server v=8.0.1 sha=00000000:0 bits=64"');
  expect(await findRedis(readEmbeddedSettings({ PATH: folder }))).toBe(program);
});

test('TOLLKEEPER_REDIS_SERVER is used before the path, and must be a Redis', async () => {
  const folder = temporaryFolder();
  fakeProgram(join(folder, 'redis-server'), VERSION_6);
  const chosen = fakeProgram(join(folder, 'chosen'), VERSION_7);
  const find = (program: string) => findRedis(readEmbeddedSettings({ PATH: folder, TOLLKEEPER_REDIS_SERVER: program }));
  expect(await find(chosen)).toBe(chosen);
  await expect(find(join(folder, 'absent'))).rejects.toThrow(
    /TOLLKEEPER_REDIS_SERVER names .*absent, which is not a program/u,
  );
  await expect(find(fakeProgram(join(folder, 'other'), 'echo hello'))).rejects.toThrow(/does not answer --version/u);
});
