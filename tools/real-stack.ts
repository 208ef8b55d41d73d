import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEmbeddedSettings } from '../src/embedded/settings.ts';
import { startStack } from '../src/embedded/start-stack.ts';
import { type Environment, NodeProgram } from './node-program.ts';
import { prepareNewInstallation } from './prepare-installation.ts';

/** A real stack with the durable profile on a data folder of its own: what measurements and conformance runs need. */
export interface RealStack {
  readonly apiUrl: string;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

const API_PORT = 4_499;

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
    TZ: 'UTC',
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redisUrl,
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TOLLKEEPER_PORT: String(API_PORT),
    TOLLKEEPER_WORKER_PORT: '0',
    LOG_LEVEL: 'warn',
  };
  const programs: NodeProgram[] = [];
  const stop = async (): Promise<void> => {
    for (const program of programs.toReversed()) await program.stop();
    await stack.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  };
  try {
    const adminKey = prepareNewInstallation(environment);
    for (const file of options.worker ? ['worker/main.ts', 'src/api/main.ts'] : ['src/api/main.ts']) {
      const program = new NodeProgram({ file, environment });
      programs.push(program);
      await program.start();
    }
    const apiUrl = `http://127.0.0.1:${API_PORT}`;
    return { apiUrl, adminKey, databaseUrl: stack.databaseUrl, redisUrl: stack.redisUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
