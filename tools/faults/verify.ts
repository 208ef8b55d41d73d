import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FaultWorld } from './fault-world.ts';

/** What `tollkeeper verify` says; `undefined` when everything agrees. */
export type Disagreement = string | undefined;

const VERIFY_TIMEOUT_MS = 120_000;
const TEXT_CHARACTERS_MAX = 2_000;

interface Failed {
  readonly code?: number | string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** What the command ends with when it could not be checked, for example because a shard is just being given its next epoch. */
const EXIT_UNCHECKED = 2;
const ATTEMPTS_MAX = 5;
const PAUSE_MS = 500;

/** Runs `tollkeeper verify counters` or `verify ledger` against the world, as an operator would. */
export async function verify(
  world: Pick<FaultWorld, 'apiUrls' | 'adminKey'>,
  what: 'counters' | 'ledger',
): Promise<Disagreement> {
  for (let attempt = 1; ; attempt += 1) {
    const failed = await attemptOf(world, what);
    if (failed?.code !== EXIT_UNCHECKED || attempt === ATTEMPTS_MAX) return failed?.text;
    await delay(PAUSE_MS);
  }
}

async function attemptOf(
  world: Pick<FaultWorld, 'apiUrls' | 'adminKey'>,
  what: string,
): Promise<{ readonly code: number | string; readonly text: string } | undefined> {
  const environment = { ...process.env, TOLLKEEPER_URL: world.apiUrls[0], TOLLKEEPER_API_KEY: world.adminKey };
  try {
    await promisify(execFile)(process.execPath, ['src/cli/main.ts', 'verify', what], {
      env: environment,
      timeout: VERIFY_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    const { code = 'no code', stdout = '', stderr = '' } = error as Failed;
    const text = `${stdout}${stderr}`.trim().slice(0, TEXT_CHARACTERS_MAX);
    return { code, text: `verify ${what} ended with ${code}:\n${text}` };
  }
}
