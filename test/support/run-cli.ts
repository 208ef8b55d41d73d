import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { World } from './world.ts';

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs `tollkeeper …` as a person would, against a world's API. */
export async function runCli(
  world: Pick<World, 'apiUrl' | 'adminKey'>,
  commandArguments: readonly string[],
): Promise<CommandResult> {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...commandArguments], {
    env: { ...process.env, TZ: 'UTC', TOLLKEEPER_URL: world.apiUrl, TOLLKEEPER_API_KEY: world.adminKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
  await once(child, 'close');
  return { exitCode: child.exitCode, output, errors };
}
