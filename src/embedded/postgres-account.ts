import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { EmbeddedError, messageOf } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';

/** The system account PostgreSQL runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root; this is the account Debian's own packages use as well. */
const ACCOUNT_NAME = 'postgres';

const run = promisify(execFile);

async function lookUp(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', ACCOUNT_NAME]), run('id', ['-g', ACCOUNT_NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * The account for PostgreSQL: undefined (this process's own) for an ordinary user; as root the account `postgres`, which is made when
 * it is missing, saying so.
 */
export async function postgresAccount(say: Say): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  say(`PostgreSQL does not run as root: making the system account ${ACCOUNT_NAME} for it`);
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      ACCOUNT_NAME,
    ]);
  } catch (error) {
    // Another start may have made it in the same moment; only a missing account is a fault.
    const made = await lookUp();
    if (made !== undefined) return made;
    throw new EmbeddedError(`the account ${ACCOUNT_NAME} could not be made (${messageOf(error)}): run as another user`);
  }
  const made = await lookUp();
  if (made === undefined) throw new EmbeddedError(`the account ${ACCOUNT_NAME} cannot be found: run as another user`);
  return made;
}
