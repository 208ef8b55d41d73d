import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { postgresPrograms } from '../../src/embedded/postgres-programs.ts';
import { canReach, clusterFolder, reachablePrograms } from '../../src/embedded/postgres-reach.ts';
import { startPostgres } from '../../src/embedded/start-postgres.ts';
import type { StartedPostgres } from '../../src/embedded/start-postgres.ts';
import { withConnection } from '../support/template-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** An account that owns nothing. */
const STRANGER = { uid: 64_321, gid: 64_321 };

async function start(dataFolder: string, say: (line: string) => void = () => undefined): Promise<StartedPostgres> {
  const server = await startPostgres({ dataFolder, say });
  onTestFinished(() => server.stop());
  return server;
}

async function kill(server: StartedPostgres): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
}

test('a PostgreSQL that was killed starts again at once with every committed row', async () => {
  const dataFolder = temporaryFolder();
  const first = await start(dataFolder);
  await withConnection(first.url, (client) => client.query('create table row_kept as select 1 as a'));
  await kill(first);
  const second = await start(dataFolder);
  const { rows } = await withConnection(second.url, (client) => client.query('select a from row_kept'));
  expect(rows).toEqual([{ a: 1 }]);
});

test.runIf(process.platform === 'linux')(
  'a lock file that names a process of another program does not keep PostgreSQL from starting',
  async () => {
    const dataFolder = temporaryFolder();
    await kill(await start(dataFolder));
    const lockFile = join(dataFolder, 'postgres', 'postmaster.pid');
    const [, ...rest] = readFileSync(lockFile, 'utf8').split('\n');
    writeFileSync(lockFile, [String(process.pid), ...rest].join('\n'));
    const lines: string[] = [];
    await start(dataFolder, (line) => lines.push(line));
    expect(lines.join('\n')).toContain(`process ${process.pid}, which its lock file names, is another program`);
  },
);

test('an interrupted making of the cluster is made anew', async () => {
  const dataFolder = temporaryFolder();
  mkdirSync(join(dataFolder, 'postgres.new', 'data'), { recursive: true });
  writeFileSync(join(dataFolder, 'postgres.new', 'data', 'half'), '');
  const server = await start(dataFolder);
  await withConnection(server.url, (client) => client.query('select 1'));
  expect(existsSync(join(dataFolder, 'postgres.new'))).toBe(false);
});

test('a folder is within reach only when the account may pass through all that lead to it', () => {
  const outer = temporaryFolder();
  const inner = join(outer, 'inner');
  mkdirSync(inner, { mode: 0o755 });
  expect(canReach(inner, STRANGER)).toBe(true);
  chmodSync(outer, 0o700);
  expect(canReach(inner, STRANGER)).toBe(false);
  chmodSync(outer, 0o711);
  chmodSync(inner, 0o700);
  expect(canReach(inner, STRANGER)).toBe(false);
  expect(canReach(inner, { uid: process.getuid?.() ?? 0, gid: 0 })).toBe(true);
});

test('a data folder out of reach of the account keeps its cluster elsewhere, and finds it again', () => {
  const [dataFolder, sharedFolder] = [temporaryFolder(), temporaryFolder()];
  const lines: string[] = [];
  const find = (): string => clusterFolder(dataFolder, STRANGER, (line) => lines.push(line), sharedFolder);
  expect(find()).toBe(join(dataFolder, 'postgres'));
  chmodSync(dataFolder, 0o700);
  const elsewhere = find();
  expect(elsewhere.startsWith(sharedFolder)).toBe(true);
  expect(find()).toBe(elsewhere);
  expect(lines).toHaveLength(1);
});

test('programs out of reach of the account are copied once to where it can run them', () => {
  const [closed, sharedFolder] = [temporaryFolder(), temporaryFolder()];
  const root = join(closed, 'native');
  mkdirSync(join(root, 'bin'), { recursive: true });
  for (const name of ['initdb', 'postgres']) writeFileSync(join(root, 'bin', name), name, { mode: 0o700 });
  chmodSync(closed, 0o700);
  const programs = {
    ...postgresPrograms(),
    root,
    initdb: join(root, 'bin', 'initdb'),
    postgres: join(root, 'bin', 'postgres'),
  };
  const lines: string[] = [];
  const find = () => reachablePrograms(programs, STRANGER, (line) => lines.push(line), sharedFolder);
  expect(readFileSync(find().postgres, 'utf8')).toBe('postgres');
  expect(find().initdb.startsWith(sharedFolder)).toBe(true);
  expect(canReach(dirname(find().postgres), STRANGER)).toBe(true);
  expect(statSync(find().postgres).mode & 0o005).toBe(0o005);
  expect(lines).toHaveLength(1);
});
