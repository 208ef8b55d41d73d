import { execFile } from 'node:child_process';
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

/** Runs `tollkeeper verify counters` or `verify ledger` against the world, as an operator would. */
export async function verify(
  world: Pick<FaultWorld, 'apiUrls' | 'adminKey'>,
  what: 'counters' | 'ledger',
): Promise<Disagreement> {
  const environment = { ...process.env, TOLLKEEPER_URL: world.apiUrls[0], TOLLKEEPER_API_KEY: world.adminKey };
  try {
    await promisify(execFile)(process.execPath, ['src/cli/main.ts', 'verify', what], {
      env: environment,
      timeout: VERIFY_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Failed;
    const text = `${stdout}${stderr}`.trim().slice(0, TEXT_CHARACTERS_MAX);
    return `verify ${what} ended with ${String(code)}:\n${text}`;
  }
}
