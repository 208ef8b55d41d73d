import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { buildTemporal } from '../../src/embedded/build-temporal.ts';
import { findTemporal, TEMPORAL_VERSION } from '../../src/embedded/find-temporal.ts';
import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import type { EmbeddedSettings } from '../../src/embedded/settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeProgram } from './fake-program.ts';

const SERVER_1_32 = 'echo "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"';
const SERVER_1_20 = 'echo "temporal version 0.5.0 (Server 1.20.0, UI 2.10.0)"';
const CACHED_NAME = `temporal-${TEMPORAL_VERSION}-${process.platform}-${process.arch}`;

function settingsIn(folder: string, more: Record<string, string> = {}): EmbeddedSettings {
  return readEmbeddedSettings({ PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache'), ...more });
}

const quiet = (): void => undefined;
const noDownload = (): Promise<boolean> => Promise.resolve(false);

test('the version in the sources is the one that the Go recipe pins', () => {
  const recipe = readFileSync(new URL('../../tools/temporal/go.mod', import.meta.url), 'utf8');
  expect(recipe).toContain(`require github.com/temporalio/cli v${TEMPORAL_VERSION}\n`);
});

test('a Temporal on the path is used; one that is too old is passed over, saying so', async () => {
  const folder = temporaryFolder();
  const cached = fakeProgram(join(folder, 'cache', 'tollkeeper', CACHED_NAME), SERVER_1_32);
  const onPath = fakeProgram(join(folder, 'bin', 'temporal'), SERVER_1_20);
  const lines: string[] = [];
  expect(await findTemporal(settingsIn(folder), (line) => lines.push(line))).toBe(cached);
  expect(lines).toEqual([`${onPath} has server 1.20; 1.28 or newer is needed: looking for another one`]);
  fakeProgram(onPath, SERVER_1_32);
  expect(await findTemporal(settingsIn(folder), quiet)).toBe(onPath);
});

test('TOLLKEEPER_TEMPORAL_SERVER is used before the path, and must be a Temporal CLI', async () => {
  const folder = temporaryFolder();
  fakeProgram(join(folder, 'bin', 'temporal'), SERVER_1_32);
  const chosen = fakeProgram(join(folder, 'chosen'), SERVER_1_32);
  const find = (program: string) => findTemporal(settingsIn(folder, { TOLLKEEPER_TEMPORAL_SERVER: program }), quiet);
  expect(await find(chosen)).toBe(chosen);
  await expect(find(join(folder, 'absent'))).rejects.toThrow(/TOLLKEEPER_TEMPORAL_SERVER cannot be used: .*absent/u);
});

test('with TOLLKEEPER_NO_INSTALL=1 a missing Temporal is an error with what to do', async () => {
  const finding = findTemporal(settingsIn(temporaryFolder(), { TOLLKEEPER_NO_INSTALL: '1' }), quiet);
  await expect(finding).rejects.toThrow(/forbids fetching it/u);
  await expect(finding).rejects.toThrow(/TEMPORAL_ADDRESS/u);
});

test('a build appears in the cache complete, and two starts at once build once', async () => {
  const folder = temporaryFolder();
  const target = join(folder, 'cache', 'tollkeeper', CACHED_NAME);
  // The fake compiler notes each run, and writes where `-o` says.
  fakeProgram(
    join(folder, 'bin', 'go'),
    `echo run >> ${folder}/runs; printf '#!/bin/sh\\n${SERVER_1_32}\\n' > "$6"; chmod 755 "$6"; test ! -e ${target}`,
  );
  const find = () => findTemporal(settingsIn(folder), quiet, [noDownload, buildTemporal]);
  const found = await Promise.all([find(), find()]);
  expect(found).toEqual([target, target]);
  expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
  expect(readdirSync(join(folder, 'cache', 'tollkeeper'))).toEqual([CACHED_NAME]);
});

test('a failed build leaves nothing behind and shows what the compiler said', async () => {
  const folder = temporaryFolder();
  fakeProgram(join(folder, 'bin', 'go'), 'echo half > "$6"; echo "no space left on device" >&2; exit 1');
  const target = join(folder, 'cache', CACHED_NAME);
  await expect(buildTemporal(settingsIn(folder), target, TEMPORAL_VERSION, quiet)).rejects.toThrow(
    /no space left on device/u,
  );
  expect(readdirSync(join(folder, 'cache'))).toEqual([]);
  expect(existsSync(target)).toBe(false);
});
