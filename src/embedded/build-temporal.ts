import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { EmbeddedError } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { findOnPath, isExecutable } from './programs.ts';
import type { EmbeddedSettings } from './settings.ts';

const BUILD_MS = 25 * 60_000;
const PROGRESS_MS = 15_000;
const OUTPUT_CHARACTERS_MAX = 2_000;
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
/** Where Go's own installer puts it, which not every PATH names. */
const USUAL_GO = '/usr/local/go/bin/go';

const HOW_TO_GET_TEMPORAL = [
  '  install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH,',
  '  or install Go 1.26 or newer (https://go.dev/dl) so that it can be built,',
  '  or set TEMPORAL_ADDRESS to a Temporal server that already runs',
].join('\n');

/** `tools/temporal` of the repository, seen from the sources or from the build. */
function recipeFolder(): string | undefined {
  return ['../../tools/temporal', '../../../tools/temporal']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((folder) => existsSync(join(folder, 'go.mod')));
}

function runGoBuild(go: string, recipe: string, output: string, version: string, say: Say): Promise<void> {
  const linkerFlags = `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${version}`;
  return new Promise((resolve, reject) => {
    const child = spawn(go, ['build', '-trimpath', '-ldflags', linkerFlags, '-o', output, PACKAGE], {
      cwd: recipe,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_MS,
    });
    const startedMs = performance.now();
    const progress = setInterval(() => {
      say(`  still building Temporal: ${Math.floor((performance.now() - startedMs) / 1000)} s`);
    }, PROGRESS_MS);
    let text = '';
    const keep = (chunk: Buffer): void => {
      text = (text + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      clearInterval(progress);
      reject(error);
    });
    child.once('close', (code) => {
      clearInterval(progress);
      if (code === 0) resolve();
      else reject(new EmbeddedError(`the build of Temporal failed:\n${text.trimEnd()}\n${HOW_TO_GET_TEMPORAL}`));
    });
  });
}

/**
 * Builds the Temporal CLI from source with Go, saying what is happening while it does: about four minutes on two cores.
 * @param target where the program shall be; it appears there complete or not at all
 * @returns true, since it is there now
 * @throws EmbeddedError when there is no Go, or with the end of its output when the build fails
 */
export async function buildTemporal(
  settings: EmbeddedSettings,
  target: string,
  version: string,
  say: Say,
): Promise<boolean> {
  const go = findOnPath(settings.searchPath, ['go']) ?? (isExecutable(USUAL_GO) ? USUAL_GO : undefined);
  const recipe = recipeFolder();
  if (go === undefined || recipe === undefined) {
    const missing = go === undefined ? 'Go is not installed' : 'this installation does not contain tools/temporal';
    throw new EmbeddedError(`Temporal is missing and cannot be built, since ${missing}:\n${HOW_TO_GET_TEMPORAL}`);
  }
  const unfinished = `${target}.unfinished`;
  mkdirSync(dirname(target), { recursive: true });
  say(`building Temporal ${version} from source, once, into ${dirname(target)}:`);
  say(`  about 4 minutes on 2 cores, a few hundred MB from the network (this machine has ${cpus().length} cores)`);
  try {
    await runGoBuild(go, recipe, unfinished, version, say);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
  say('Temporal is built');
  return true;
}
