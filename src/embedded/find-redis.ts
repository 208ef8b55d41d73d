import { existsSync, readFileSync } from 'node:fs';

import { EmbeddedError, sayOnStderr } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { installRedis } from './install-redis.ts';
import { findOnPath, isExecutable, versionText } from './programs.ts';
import type { EmbeddedSettings } from './settings.ts';

const PROGRAMS = ['redis-server', 'valkey-server'] as const;
const MAJOR_VERSION_MIN = 7;

const HOW_TO_INSTALL = [
  '  Debian, Ubuntu:  sudo apt-get install redis-server',
  '  Fedora, RHEL:    sudo dnf install valkey',
  '  macOS:           brew install redis',
  '  or set REDIS_URL to a Redis that already runs, or TOLLKEEPER_REDIS_SERVER to the program',
].join('\n');

/** Whether this machine is a Debian or one of its family, by its own words. */
function isDebianFamily(): boolean {
  if (!existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/mu.test(readFileSync('/etc/os-release', 'utf8'));
}

/** @throws EmbeddedError when the program is no Redis, or one without what the meter's scripts need (7.0) */
async function requireVersion(program: string): Promise<string> {
  const text = await versionText(program).catch(() => '');
  const version = /\bv=(\d+)\.(\d+)\.(\d+)/u.exec(text);
  if (version === null) throw new EmbeddedError(`${program} does not answer --version as a Redis server does`);
  if (Number(version[1]) < MAJOR_VERSION_MIN) {
    throw new EmbeddedError(
      `${program} is version ${version.slice(1).join('.')}; Redis ${MAJOR_VERSION_MIN}.0 or newer is needed:\n${HOW_TO_INSTALL}`,
    );
  }
  return program;
}

/**
 * Finds a Redis or Valkey server program, version 7.0 or newer: the one of `TOLLKEEPER_REDIS_SERVER`, one on the path, or, as root on
 * Debian or Ubuntu, one installed with apt-get.
 * @returns the program's path
 * @throws EmbeddedError with the line to type when there is none
 */
export async function findRedis(settings: EmbeddedSettings, say: Say = sayOnStderr): Promise<string> {
  if (settings.redisServer !== undefined) {
    if (isExecutable(settings.redisServer)) return requireVersion(settings.redisServer);
    throw new EmbeddedError(`TOLLKEEPER_REDIS_SERVER names ${settings.redisServer}, which is not a program`);
  }
  const found = findOnPath(settings.searchPath, PROGRAMS);
  if (found !== undefined) return requireVersion(found);
  const aptGet = findOnPath(settings.searchPath, ['apt-get']);
  const mayInstall = settings.mayInstall && process.getuid?.() === 0 && aptGet !== undefined && isDebianFamily();
  if (!mayInstall) {
    throw new EmbeddedError(
      `Redis is missing: neither redis-server nor valkey-server is on the PATH.\n${HOW_TO_INSTALL}`,
    );
  }
  await installRedis(aptGet, settings, say);
  const installed = findOnPath(settings.searchPath, PROGRAMS) ?? '/usr/bin/redis-server';
  if (!isExecutable(installed)) throw new EmbeddedError(`apt-get installed no Redis server.\n${HOW_TO_INSTALL}`);
  return requireVersion(installed);
}
