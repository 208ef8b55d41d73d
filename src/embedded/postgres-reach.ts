import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Say } from './embedded-error.ts';
import type { Account } from './postgres-account.ts';
import type { PostgresPrograms } from './postgres-programs.ts';

/*
 * As root, PostgreSQL runs as another account, and that account cannot pass through root's home folder. A project that was
 * cloned there still starts: its PostgreSQL programs are copied, and its cluster is kept, where system services have theirs.
 */
const SHARED_PROGRAMS_FOLDER = '/var/cache/tollkeeper';
const SHARED_DATA_FOLDER = '/var/lib/tollkeeper';

function maySearch(folder: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(folder);
  if (uid === account.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === account.gid ? 0o010 : 0o001)) !== 0;
}

/** Whether the account may pass through every folder from the root down to this one. */
export function canReach(folder: string, account: Account): boolean {
  const parent = dirname(folder);
  return maySearch(folder, account) && (parent === folder || canReach(parent, account));
}

/** Lets everybody read and run what was copied; a strict umask may have closed the original. */
function openForReading(root: string): void {
  chmodSync(root, 0o755);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = statSync(path);
    const runs = entry.isDirectory() || (mode & 0o100) !== 0;
    chmodSync(path, mode | (runs ? 0o555 : 0o444));
  }
}

/** The programs, or a copy of them where the account can run them. The copy is made once for each version. */
export function reachablePrograms(
  programs: PostgresPrograms,
  account: Account | undefined,
  say: Say,
  sharedFolder: string = SHARED_PROGRAMS_FOLDER,
): PostgresPrograms {
  if (account === undefined || canReach(dirname(programs.postgres), account)) return programs;
  const root = join(sharedFolder, `postgres-${programs.version}-${process.platform}-${process.arch}`);
  if (!existsSync(root)) {
    say(`the account postgres cannot enter ${programs.root}: copying the PostgreSQL programs to ${root}, once`);
    const unfinished = `${root}.${randomUUID()}`;
    mkdirSync(sharedFolder, { recursive: true, mode: 0o755 });
    cpSync(programs.root, unfinished, { recursive: true, verbatimSymlinks: true });
    openForReading(unfinished);
    if (existsSync(root)) rmSync(unfinished, { recursive: true });
    else renameSync(unfinished, root);
  }
  const inCopy = (program: string): string => join(root, 'bin', basename(program));
  return { ...programs, root, initdb: inCopy(programs.initdb), postgres: inCopy(programs.postgres) };
}

/**
 * Where the cluster of a data folder lies: in `postgres/` inside it, or, where the account cannot enter it, in a folder of its own, which
 * `postgres.location` inside the data folder names.
 */
export function clusterFolder(
  dataFolder: string,
  account: Account | undefined,
  say: Say,
  sharedFolder: string = SHARED_DATA_FOLDER,
): string {
  const inside = join(dataFolder, 'postgres');
  const locationFile = join(dataFolder, 'postgres.location');
  if (existsSync(locationFile)) return readFileSync(locationFile, 'utf8').trim();
  if (existsSync(inside) || account === undefined || canReach(dataFolder, account)) return inside;
  const elsewhere = join(sharedFolder, randomUUID(), 'postgres');
  mkdirSync(dirname(elsewhere), { recursive: true, mode: 0o711 });
  writeFileSync(locationFile, elsewhere);
  say(`the account postgres cannot enter ${dataFolder}: PostgreSQL keeps its data in ${dirname(elsewhere)}`);
  return elsewhere;
}
