import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CONFIG_VARIABLES, readConfig } from '../../src/config.ts';

interface Service {
  readonly environment?: Record<string, string>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly command?: string | readonly string[];
}

const FILE = resolve('docker-compose.yml');
const { services } = parse(readFileSync(FILE, 'utf8'), { merge: true }) as { services: Record<string, Service> };
const OURS = ['prepare', 'api', 'worker'];
const goIsMissing = spawnSync('go', ['version']).status !== 0;

describe('docker-compose.yml', () => {
  let folder: string;
  let checker: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollkeeper-compose-'));
    checker = join(folder, 'check-compose');
    if (!goIsMissing) execFileSync('go', ['build', '-o', checker, '.'], { cwd: resolve('tools/compose') });
  }, 240_000);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test.skipIf(goIsMissing)("is valid by the compose specification's own implementation", () => {
    const names = execFileSync(checker, [FILE], { encoding: 'utf8' }).trim().split('\n');
    expect(names.toSorted()).toEqual(['api', 'postgres', 'prepare', 'redis', 'temporal', 'worker']);
  });

  test.skipIf(goIsMissing)('would be refused with a misspelt member', () => {
    const misspelt = join(folder, 'docker-compose.yml');
    writeFileSync(misspelt, readFileSync(FILE, 'utf8').replace('retries:', 'retriez:'));
    const result = spawnSync(checker, [misspelt], { encoding: 'utf8' });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('retriez');
  });

  test.each(Object.keys(services).filter((name) => name !== 'prepare'))('checks the health of %s', (name) => {
    expect(services[name]?.healthcheck?.test.length).toBeGreaterThan(1);
  });

  test.each(OURS)('gives %s only variables that src/config.ts reads, and a configuration that it accepts', (name) => {
    const environment = services[name]?.environment ?? {};
    const unknown = Object.keys(environment).filter((key) => key !== 'TZ' && !CONFIG_VARIABLES.includes(key));
    expect(unknown).toEqual([]);
    expect(environment['TZ']).toBe('UTC');
    // Compose fills in `${NAME:-default}` itself.
    const filled = Object.entries(environment).map(([key, value]) => [
      key,
      value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]);
    expect(readConfig(Object.fromEntries(filled)).apiPort).toBe(4400);
  });

  test('runs Redis in the durable profile', () => {
    const command = String(services['redis']?.command);
    for (const setting of [
      '--appendonly yes',
      '--appendfsync always',
      '--maxmemory-policy noeviction',
      '--lazyfree-lazy-expire yes',
    ]) {
      expect(command).toContain(setting);
    }
  });

  test('starts programs that the build makes', () => {
    for (const name of OURS) {
      const program = services[name]?.command?.[1] ?? '';
      const source = program.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      expect(() => readFileSync(source)).not.toThrow();
    }
  });
});
