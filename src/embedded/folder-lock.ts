import { linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { EmbeddedError } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { isAlive, readIdentity, writeIdentity } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const ATTEMPTS_MAX = 20;
const POLL_MS = 250;

/** A lock that is held, or who holds it. */
export type LockAttempt =
  { readonly held: true; readonly release: () => void } | { readonly held: false; readonly holder: ProcessIdentity };

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A hard link is made by exactly one of several processes, and the file it shows is complete at once. */
function linkOwnIdentity(file: string): boolean {
  const own = `${file}.${process.pid}`;
  writeIdentity(own, process.pid);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes a dead holder's file away. If another process was faster and the file is already its own, it is put back. */
function removeStale(file: string, seen: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== seen) linkSync(aside, file);
  rmSync(aside, { force: true });
}

/**
 * Tries to take a lock that only one living process can hold. The lock of a process that has ended, however it ended, is
 * taken over.
 * @param file the lock file; its folder is made when missing
 */
export function tryLock(file: string): LockAttempt {
  mkdirSync(dirname(file), { recursive: true });
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (linkOwnIdentity(file)) return { held: true, release: () => rmSync(file, { force: true }) };
    const seen = read(file);
    const holder = readIdentity(file);
    if (holder !== undefined && isAlive(holder)) return { held: false, holder };
    if (seen !== undefined) removeStale(file, seen);
  }
  throw new EmbeddedError(`the lock file ${file} cannot be taken: remove it if no other start is going on`);
}

/**
 * Runs work that two processes must not do at once; the second waits for the first.
 * @throws EmbeddedError when the other process holds the lock longer than the bound
 */
export async function withLock<T>(file: string, waitMs: number, say: Say, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitMs;
  let told = false;
  for (;;) {
    const attempt = tryLock(file);
    if (attempt.held) {
      try {
        return await work();
      } finally {
        attempt.release();
      }
    }
    if (performance.now() > deadline) {
      throw new EmbeddedError(`process ${attempt.holder.pid} has held ${file} for too long: end it and start again`);
    }
    if (!told) say(`another start (process ${attempt.holder.pid}) is doing the same: waiting for it`);
    told = true;
    await delay(POLL_MS);
  }
}
