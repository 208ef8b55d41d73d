import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Say } from './embedded-error.ts';
import { isExecutable } from './programs.ts';
import type { EmbeddedSettings } from './settings.ts';

/** About 60 MB on a slow line; without a network it fails at once. */
const DOWNLOAD_MS = 180_000;

/** The SDK offers its download only together with a start that cannot be cancelled; a process of its own can. */
function runSdkDownload(folder: string, version: string): Promise<boolean> {
  const entry = fileURLToPath(new URL(`./sdk-download${extname(import.meta.url)}`, import.meta.url));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [entry, folder, version], {
      stdio: 'ignore',
      timeout: DOWNLOAD_MS,
      killSignal: 'SIGKILL',
    });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/**
 * Fetches the Temporal CLI the way the Temporal SDK does for its own tests.
 * @param target where the program shall be; it appears there complete or not at all
 * @returns whether it is there now. Not being able to download is no fault: there is another way to get it
 */
export async function downloadTemporal(
  _settings: EmbeddedSettings,
  target: string,
  version: string,
  say: Say,
): Promise<boolean> {
  const folder = `${target}.download`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say(`Temporal ${version} is missing: downloading it, once, into ${dirname(target)}`);
  try {
    const finished = await runSdkDownload(folder, version);
    const program = readdirSync(folder)
      .map((name) => join(folder, name))
      .find(isExecutable);
    if (finished && program !== undefined) {
      renameSync(program, target);
      return true;
    }
    say('the download of Temporal is not possible from here');
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
