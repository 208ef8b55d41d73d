import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEmbeddedSettings } from '../src/embedded/settings.ts';
import { startStack } from '../src/embedded/start-stack.ts';

/** A real stack with the durable profile on a data folder of its own: what measurements and conformance runs need. */
export interface RealStack {
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

const API_PORT = 4_499;
const READY_TIMEOUT_MS = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

function startProgram(file: string, environment: Environment): Promise<ChildProcess> {
  const child = spawn(process.execPath, [file], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} was not ready in time`)), READY_TIMEOUT_MS);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-4_096);
      if (!/\bready\b/.test(output)) return;
      clearTimeout(timer);
      resolve(child);
    });
    child.once('exit', () => reject(new Error(`${file} ended before it was ready:\n${output}`)));
  });
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/**
 * Starts everything on fresh data. Progress goes to standard error.
 *
 * @param options.worker whether a worker drains the journal; without one everything accepted stays in the journal
 */
export async function startRealStack(options: { readonly worker: boolean }): Promise<RealStack> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-real-'));
  // PostgreSQL runs as another account when we are root: one that cannot pass through keeps its data elsewhere, where it would stay.
  chmodSync(dataFolder, 0o711);
  const settings = { ...readEmbeddedSettings(process.env), dataFolder };
  const stack = await startStack({ settings });
  const environment: Environment = {
    ...process.env,
    TZ: 'UTC',
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redisUrl,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TOLLKEEPER_PORT: String(API_PORT),
    TOLLKEEPER_WORKER_PORT: '0',
    LOG_LEVEL: 'warn',
  };
  const prepared = execFileSync(process.execPath, ['src/api/prepare.ts'], { env: environment, encoding: 'utf8' });
  const { firstAdminKey } = JSON.parse(prepared.trim().split('\n').at(-1) ?? '{}') as { firstAdminKey: string };
  const programs: ChildProcess[] = [];
  if (options.worker) programs.push(await startProgram('worker/main.ts', environment));
  programs.push(await startProgram('src/api/main.ts', environment));
  return {
    apiUrl: `http://127.0.0.1:${API_PORT}`,
    adminKey: firstAdminKey,
    databaseUrl: stack.databaseUrl,
    redisUrl: stack.redisUrl,
    stop: async () => {
      for (const program of programs.toReversed()) await stopProgram(program);
      await stack.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
