import { join } from 'node:path';

import { buildTemporal } from './build-temporal.ts';
import { downloadTemporal } from './download-temporal.ts';
import { EmbeddedError, sayOnStderr } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { withLock } from './folder-lock.ts';
import { findOnPath, isExecutable, versionText } from './programs.ts';
import type { EmbeddedSettings } from './settings.ts';

/** The version of the Temporal CLI that is downloaded or built; the one `tools/temporal/go.mod` pins. */
export const TEMPORAL_VERSION = '1.9.1';

/** The workflows are started together with their first Update, which servers can do since this version. */
const SERVER_VERSION_MIN: readonly [number, number] = [1, 28];

/** A download and a build fit into this, with room for a slow machine. */
const OTHER_START_MS = 30 * 60_000;

/** What is wrong with a Temporal CLI; undefined when it will do. */
async function faultOf(program: string): Promise<string | undefined> {
  if (!isExecutable(program)) return `${program} is not a program`;
  const text = await versionText(program).catch(() => '');
  const version = /\bServer (\d+)\.(\d+)\./u.exec(text);
  if (version === null) return `${program} does not answer --version as the Temporal CLI does`;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const [majorMin, minorMin] = SERVER_VERSION_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined;
  return `${program} has server ${major}.${minor}; ${majorMin}.${minorMin} or newer is needed`;
}

/** Where a fetched or built program is kept for the next start. */
function cachedProgram(settings: EmbeddedSettings): string {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return join(settings.cacheFolder, `temporal-${TEMPORAL_VERSION}-${process.platform}-${process.arch}${suffix}`);
}

/** A way to get the program to `target`; false when this way is closed here, an error when it is open and failed. */
export type WayToObtain = (settings: EmbeddedSettings, target: string, version: string, say: Say) => Promise<boolean>;

/** Cheapest first. The last one explains what to do when it is closed as well. */
const WAYS: readonly WayToObtain[] = [downloadTemporal, buildTemporal];

/** Gets the program into the cache; a second start at the same time waits for the first. */
async function obtain(
  settings: EmbeddedSettings,
  target: string,
  say: Say,
  ways: readonly WayToObtain[],
): Promise<void> {
  await withLock(`${target}.lock`, OTHER_START_MS, say, async () => {
    if (isExecutable(target)) return;
    for (const way of ways) {
      if (await way(settings, target, TEMPORAL_VERSION, say)) return;
    }
  });
}

/**
 * Finds the Temporal CLI, which contains the server and its UI: the one of `TOLLKEEPER_TEMPORAL_SERVER`, `temporal` on the path,
 * the one in the user's cache, else the Temporal SDK's download, else a build from source with Go.
 * @returns the program's path
 * @throws EmbeddedError with what to install or set when there is none
 */
export async function findTemporal(
  settings: EmbeddedSettings,
  say: Say = sayOnStderr,
  ways: readonly WayToObtain[] = WAYS,
): Promise<string> {
  if (settings.temporalServer !== undefined) {
    const fault = await faultOf(settings.temporalServer);
    if (fault !== undefined) throw new EmbeddedError(`TOLLKEEPER_TEMPORAL_SERVER cannot be used: ${fault}`);
    return settings.temporalServer;
  }
  const onPath = findOnPath(settings.searchPath, ['temporal']);
  if (onPath !== undefined) {
    const fault = await faultOf(onPath);
    if (fault === undefined) return onPath;
    say(`${fault}: looking for another one`);
  }
  const cached = cachedProgram(settings);
  if (!isExecutable(cached)) {
    if (!settings.mayInstall) {
      throw new EmbeddedError(
        [
          'Temporal is missing, and TOLLKEEPER_NO_INSTALL=1 forbids fetching it:',
          '  install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH,',
          '  or set TOLLKEEPER_TEMPORAL_SERVER to the program, or TEMPORAL_ADDRESS to a server that already runs',
        ].join('\n'),
      );
    }
    await obtain(settings, cached, say, ways);
  }
  const fault = await faultOf(cached);
  if (fault !== undefined) throw new EmbeddedError(`${fault}: remove it, and the next start fetches it again`);
  return cached;
}
