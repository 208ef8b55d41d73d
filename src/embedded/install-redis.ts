import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { EmbeddedError, messageOf } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { withLock } from './folder-lock.ts';
import { findOnPath } from './programs.ts';
import type { EmbeddedSettings } from './settings.ts';

const INSTALL_MS = 300_000;
/** apt-get itself waits this long for another package manager to finish. */
const PACKAGE_LOCK_SECONDS = 120;
const OUTPUT_CHARACTERS_MAX = 2_000;

/** Runs apt-get without questions, and without starting the package's own Redis service on port 6379. */
function runAptGet(aptGet: string, parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(aptGet, ['-q', '-y', '-o', `DPkg::Lock::Timeout=${PACKAGE_LOCK_SECONDS}`, ...parameters], {
      env: {
        ...process.env,
        DEBIAN_FRONTEND: 'noninteractive',
        // Both are how Debian's maintainer scripts learn that they must not start services: System V style and systemd.
        RUNLEVEL: '1',
        SYSTEMD_OFFLINE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: INSTALL_MS,
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new EmbeddedError(`apt-get ${parameters.join(' ')} failed:\n${output.trimEnd()}`));
    });
  });
}

/**
 * Installs Debian's redis-server package, saying so. Two starts at once install it once.
 * @throws EmbeddedError with the end of apt-get's output when it fails
 */
export async function installRedis(aptGet: string, settings: EmbeddedSettings, say: Say): Promise<void> {
  await withLock(join(settings.cacheFolder, 'install-redis.lock'), INSTALL_MS, say, async () => {
    if (findOnPath(settings.searchPath, ['redis-server']) !== undefined) return;
    say('Redis is missing: installing it with apt-get (TOLLKEEPER_NO_INSTALL=1 forbids this)');
    // Old package lists are often good enough; if not, the installation says what is missing.
    await runAptGet(aptGet, ['update']).catch((error: unknown) => say(messageOf(error)));
    await runAptGet(aptGet, ['install', '--no-install-recommends', 'redis-server']);
    say('Redis is installed; its own service was not started');
    if (existsSync('/run/systemd/system')) {
      say('Debian starts that service at the next boot; `systemctl disable redis-server` prevents it');
    }
  });
}
