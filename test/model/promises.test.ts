import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { commands } from './arbitrary-commands.ts';
import { expectPromises, newRunModel } from './promise-checks.ts';
import { PromiseWorld } from './promise-world.ts';

/** `npm run properties` asks for a thousand. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? '50');
const COMMANDS_MAX = 14;
const MS_PER_RUN = 5_000;

/** Runs that have failed once: they are played in every test run. `replayPath` is told only where a failure was made smaller. */
interface FailedRun {
  readonly seed: number;
  readonly path: string;
  readonly replayPath?: string;
  /** What was wrong. */
  readonly why: string;
}

const FAILED_RUNS = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as FailedRun[];

let world: PromiseWorld;
beforeAll(async () => {
  world = await PromiseWorld.open();
}, 60_000);
afterAll(() => world.close());

/** A failure says its seed, its path and the commands that were left of it: they belong into `seeds.json`. */
async function play(parameters: fc.Parameters<unknown>, replayPath?: string): Promise<void> {
  const lists = fc.commands([commands], {
    maxCommands: COMMANDS_MAX,
    size: 'max',
    ...(replayPath !== undefined && { replayPath }),
  });
  await fc.assert(
    fc.asyncProperty(lists, async (list) => {
      const run = await world.startRun();
      const model = newRunModel();
      await fc.asyncModelRun(() => ({ model, real: run }), list);
      await expectPromises(model, run);
    }),
    parameters as fc.Parameters<[Iterable<unknown>]>,
  );
}

describe('whatever is sent, repeated, refused, sealed, changed, killed, emptied and rebuilt', () => {
  test(
    'every answer is true, every accepted event is billed once, no hard limit is passed, and all accounts agree',
    { timeout: RUNS * MS_PER_RUN },
    async () => {
      await play({ numRuns: RUNS });
    },
  );

  test.each(FAILED_RUNS)('also where it failed once: $why', { timeout: 60_000 }, async ({ seed, path, replayPath }) => {
    await play({ seed, path, endOnFailure: true }, replayPath);
    expect(path).not.toBe('');
  });
});
