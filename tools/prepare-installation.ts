import { execFileSync } from 'node:child_process';

import { readFirstAdminKey } from '../src/cli/start.ts';
import type { Environment } from './node-program.ts';

/**
 * Brings a database to this version of the schema and makes the installation, as `tollkeeper start` does.
 *
 * @param environment laid over that of this process
 * @returns the first admin key; `null`: the installation was there
 */
export function prepareInstallation(environment: Environment): string | null {
  const env = { ...process.env, ...environment };
  return readFirstAdminKey(execFileSync(process.execPath, ['src/api/prepare.ts'], { env, encoding: 'utf8' }));
}

/** Likewise for a database that is new. @throws Error when it is not */
export function prepareNewInstallation(environment: Environment): string {
  const key = prepareInstallation(environment);
  if (key === null) throw new Error('the database has an installation already, and its admin key is shown only once');
  return key;
}
