import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { workflowBundle } from '../support/workflow-worker.ts';

const HISTORIES = new URL('../histories/', import.meta.url);
const HISTORIES_MIN = 10;

interface Recorded {
  readonly workflowId: string;
  readonly history: unknown;
}

function recordedHistories(): Recorded[] {
  return readdirSync(HISTORIES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({
      workflowId: name.replace(/\.json$/, ''),
      history: JSON.parse(readFileSync(new URL(name, HISTORIES), 'utf8')) as unknown,
    }));
}

/** Replays every history; answers the names of those that no longer fit, with their errors. */
async function replay(code: string, histories: readonly Recorded[]): Promise<Record<string, string>> {
  const broken: Record<string, string> = {};
  for await (const result of Worker.runReplayHistories({ workflowBundle: { code } }, histories)) {
    if (result.error !== undefined) broken[result.workflowId] = result.error.message;
  }
  return broken;
}

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

describe('recorded histories', () => {
  test('are there for every workflow', () => {
    const names = recordedHistories().map(({ workflowId }) => workflowId);
    expect(names.length).toBeGreaterThanOrEqual(HISTORIES_MIN);
    const workflows = new Set(names.map((name) => dirname(name)));
    expect(workflows).toEqual(new Set(['tenant-billing', 'close-cycle', 'drain-journal']));
  });

  test('replay on the workflows as they are: what runs out there goes on after an upgrade', async () => {
    const { code } = await workflowBundle();
    expect(await replay(code, recordedHistories())).toEqual({});
  });

  test('no longer replay when a step is another one, so the gate can close', async () => {
    const { code } = await workflowBundle();
    const changed = code.replaceAll('activities.passBarrier(', 'activities.reconcileUsage(');
    expect(changed).not.toBe(code);
    const broken = await replay(changed, recordedHistories());
    expect(Object.keys(broken).some((name) => name.startsWith('close-cycle'))).toBe(true);
  });
});

describe('the compiled workflows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-workflows-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('bundle from JavaScript, where a value import of an activity would fail', { timeout: 120_000 }, async () => {
    // Packages are found from where the compiled files lie, as in an installed release.
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], {
      encoding: 'utf8',
    });
    expect(compiled.stdout).toBe('');
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(folder, 'workflows', 'index.js'),
      logger: new DefaultLogger('ERROR'),
    });
    expect(await replay(code, recordedHistories())).toEqual({});
  });
});
