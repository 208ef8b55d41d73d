import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { childProcessPart } from '../embedded/child-process-part.ts';
import { LOOPBACK, claimPort } from '../embedded/ports.ts';
import { passivePart } from '../embedded/part.ts';
import type { Part } from '../embedded/part.ts';
import type { EmbeddedSettings, Environment } from '../embedded/settings.ts';
import { stackParts } from '../embedded/start-stack.ts';
import type { StackAddresses, StackParts } from '../embedded/start-stack.ts';
import { CliError, EXIT_FAILED } from './cli-error.ts';
import { programFile } from './project-files.ts';
import { ADMIN_KEY_FILE } from './session.ts';

/** Everything of one machine: the stack, the preparation, the worker, the API. */
export interface Installation {
  /** In the order to start them. */
  readonly parts: readonly Part[];
  readonly apiUrl: string;
  readonly stack: StackParts;
  /** The admin key, once the parts are up. @throws CliError when nobody kept it */
  adminKey(): string;
}

/** How to run an installation. */
export interface InstallationOptions {
  readonly settings: EmbeddedSettings;
  /** Handed on to the programs; the addresses of the stack are put over it. */
  readonly environment: Environment;
  readonly apiPort: number;
  /** Told the first admin key, the one time it is known. */
  readonly onFirstAdminKey: (key: string, file: string) => void;
}

const PREPARE_MS = 120_000;
const ANSWER_BYTES_MAX = 1_048_576;
/** The preparation, the worker and the API are one program each: `node FILE`. */
const PROGRAMS = { prepare: 'src/api/prepare', worker: 'worker/main', api: 'src/api/main' } as const;
const WORKER_READY = /\bready\b/;

/** The parts of an installation on this machine, for a supervisor. Nothing starts before the supervisor does. */
export function installation(options: InstallationOptions): Installation {
  const { settings, apiPort } = options;
  const stack = stackParts(settings);
  const keyFile = join(settings.dataFolder, ADMIN_KEY_FILE);
  const apiUrl = `http://${LOOPBACK}:${apiPort}`;
  const environment = (): Environment => programEnvironment(options, stack.addresses());
  const program = (name: string, file: string, ready: RegExp | URL, detail?: string): Part => ({
    name,
    start: () =>
      childProcessPart({
        name: name.toLowerCase(),
        command: process.execPath,
        arguments: [file],
        environment: environment(),
        dataFolder: settings.dataFolder,
        ready,
        detail,
      }).start(),
  });
  const prepare: Part = {
    name: 'Schema',
    start: async () => {
      const key = await prepareInstallation(environment());
      if (key !== null) {
        writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
        chmodSync(keyFile, 0o600);
        options.onFirstAdminKey(key, keyFile);
      }
      return passivePart('migrated');
    },
  };
  const parts: Part[] = [
    ...stack.parts,
    prepare,
    program('Worker', programFile(PROGRAMS.worker), WORKER_READY, 'polls the task queue'),
    {
      name: 'API',
      start: async () => {
        await claimPort('the API', apiPort, 'TOLLKEEPER_PORT');
        return program('API', programFile(PROGRAMS.api), new URL('/readyz', apiUrl), apiUrl).start();
      },
    },
  ];
  return { parts, apiUrl, stack, adminKey: () => readAdminKey(keyFile) };
}

/** What the programs of ours need: what the person's environment says, with the addresses of this stack over it. */
function programEnvironment(options: InstallationOptions, addresses: StackAddresses): Environment {
  return {
    ...options.environment,
    TZ: 'UTC',
    DATABASE_URL: addresses.databaseUrl,
    REDIS_URL: addresses.redisUrl,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    TEMPORAL_UI_URL: addresses.temporalUiUrl,
    TOLLKEEPER_HOST: LOOPBACK,
    TOLLKEEPER_PORT: String(options.apiPort),
  };
}

/**
 * Migrates the database and makes the installation row, in a process of its own that ends when it is done.
 * @returns the first admin key on a first start, `null` later
 */
async function prepareInstallation(environment: Environment): Promise<string | null> {
  const { stdout } = await promisify(execFile)(process.execPath, [programFile(PROGRAMS.prepare)], {
    env: { ...environment },
    timeout: PREPARE_MS,
    maxBuffer: ANSWER_BYTES_MAX,
  }).catch((error: unknown) => {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new CliError(stderr?.trim() || `the database cannot be prepared: ${message}`, EXIT_FAILED, error);
  });
  return readFirstAdminKey(stdout);
}

/** Reads the preparation's answer: the last line of its output, JSON with `firstAdminKey`. */
export function readFirstAdminKey(output: string): string | null {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    const { firstAdminKey } = JSON.parse(line) as { firstAdminKey?: unknown };
    if (firstAdminKey === null || typeof firstAdminKey === 'string') return firstAdminKey;
  } catch {
    // Told below, with what was read.
  }
  throw new CliError(
    `the preparation of the database answered ${JSON.stringify(line)} instead of its result`,
    EXIT_FAILED,
  );
}

function readAdminKey(keyFile: string): string {
  try {
    return readFileSync(keyFile, 'utf8').trim();
  } catch (error) {
    const message = `the admin key of this installation is not in ${keyFile}: put it there, or give --api-key`;
    throw new CliError(message, EXIT_FAILED, error);
  }
}
