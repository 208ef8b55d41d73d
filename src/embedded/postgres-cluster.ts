import {
  chownSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { EmbeddedError } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import type { Account } from './postgres-account.ts';
import { identityOf } from './process-identity.ts';
import { settledWithin, startServer } from './server-process.ts';

const INITDB_MS = 120_000;

/** A cluster to make. */
export interface NewCluster {
  readonly initdb: string;
  /** The stack's data folder, where initdb is logged and remembered. */
  readonly dataFolder: string;
  /** The folder it shall be; must not exist. */
  readonly cluster: string;
  readonly user: string;
  readonly password: string;
  readonly account: Account | undefined;
  /** Whether to wait until the disk has it. */
  readonly sync: boolean;
}

/**
 * Makes a cluster (UTF-8, C collation, passwords always) beside its place and moves it there when it is complete: an interrupted start leaves no
 * half of one.
 * @throws EmbeddedError with the end of what initdb said
 */
export async function initialiseCluster(wanted: NewCluster): Promise<void> {
  const unfinished = `${wanted.cluster}.new`;
  const data = join(unfinished, 'data');
  const passwordFile = join(unfinished, 'password');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, wanted.password, { mode: 0o600 });
  if (wanted.account !== undefined) {
    const { uid, gid } = wanted.account;
    for (const path of [unfinished, data, passwordFile]) chownSync(path, uid, gid);
  }
  const identity = ['--pgdata', data, '--username', wanted.user, '--pwfile', passwordFile];
  const format = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
  const initdb = await startServer({
    name: 'initdb',
    command: wanted.initdb,
    arguments: [...identity, ...format, ...(wanted.sync ? [] : ['--no-sync'])],
    logFile: join(wanted.dataFolder, 'logs', 'initdb.log'),
    identityFile: join(wanted.dataFolder, 'run', 'initdb.json'),
    stopSignal: 'SIGTERM',
    user: wanted.account,
  });
  if (!(await settledWithin(initdb.exited, INITDB_MS))) await initdb.stop();
  if ((await initdb.exited).code !== 0) {
    throw new EmbeddedError(`PostgreSQL's initdb failed for ${wanted.cluster}:\n${initdb.logTail()}`);
  }
  renameSync(data, wanted.cluster);
  rmSync(unfinished, { recursive: true, force: true });
}

/** Whether a process works in this folder, as every process of a PostgreSQL does in its cluster. Undefined: cannot be told here. */
function worksIn(pid: number, folder: string): boolean | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
  } catch {
    return undefined;
  }
}

/**
 * A PostgreSQL that was killed leaves `postmaster.pid`, and after a restart of the machine (or of a container) that number may belong to some other
 * program; PostgreSQL would then refuse to start for ever. Such a file is removed. One that names a process of this cluster, or one
 * that cannot be judged, is left to PostgreSQL's own check.
 */
export function clearStalePostmaster(cluster: string, say: Say): void {
  const file = join(cluster, 'postmaster.pid');
  let pid: number;
  try {
    pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  } catch {
    return;
  }
  if (identityOf(pid) === undefined || worksIn(pid, cluster) !== false) return;
  say(`PostgreSQL was killed earlier; process ${pid}, which its lock file names, is another program: removing ${file}`);
  rmSync(file, { force: true });
}
