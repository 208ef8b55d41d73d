import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Part } from './part.ts';
import { startServer, waitUntilHealthy } from './server-process.ts';

/** A program of ours that a supervisor runs: the API, the worker. */
export interface ChildProcessOptions {
  /** One lower-case word or more, also the name of its log file. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Its whole environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder?: string | undefined;
  /** The stack's data folder, for `logs/NAME.log` and `run/NAME.json`. */
  readonly dataFolder: string;
  /** When it is up: its output matches this, or this URL answers with a success status. */
  readonly ready: RegExp | URL;
  /** What the supervisor prints of it; by default the URL, or the text that matched. */
  readonly detail?: string | undefined;
  readonly readyWithinMs?: number | undefined;
  /** How long it may take to end after SIGTERM before it is ended by force; by default 30 s. */
  readonly stopWithinMs?: number | undefined;
}

const READY_MS = 60_000;
const REQUEST_MS = 2_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

/** What was appended to a log since it had a certain size. */
function readSince(logFile: string, sizeBefore: number): string {
  const descriptor = openSync(logFile, 'r');
  try {
    const { size } = fstatSync(descriptor);
    // A log that is shorter than before was set aside at the start.
    const from = size < sizeBefore ? 0 : sizeBefore;
    const buffer = Buffer.alloc(Math.min(size - from, OUTPUT_BYTES_MAX));
    readSync(descriptor, buffer, 0, buffer.length, from);
    return buffer.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

async function checkUrl(url: URL): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
  return url.href;
}

function checkOutput(logFile: string, sizeBefore: number, pattern: RegExp): string {
  const match = pattern.exec(readSince(logFile, sizeBefore));
  if (match === null) throw new Error(`its output has not matched ${pattern.source}`);
  return match[0];
}

/**
 * A part that is a child process: started with exactly this environment, its output in a log file, ended with SIGTERM and, when that is not
 * enough, by force. Its process is remembered in the data folder, so that the next start can end it if its supervisor was killed.
 */
export function childProcessPart(options: ChildProcessOptions): Part {
  const logFile = join(options.dataFolder, 'logs', `${options.name}.log`);
  return {
    name: options.name,
    start: async () => {
      const sizeBefore = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
      const server = await startServer({
        name: options.name,
        command: options.command,
        arguments: options.arguments,
        environment: options.environment,
        workingFolder: options.workingFolder ?? process.cwd(),
        logFile,
        identityFile: join(options.dataFolder, 'run', `${options.name}.json`),
        stopSignal: 'SIGTERM',
        stopWithinMs: options.stopWithinMs,
      });
      const { ready } = options;
      let answer = '';
      const check = async (): Promise<void> => {
        answer = ready instanceof URL ? await checkUrl(ready) : checkOutput(logFile, sizeBefore, ready);
      };
      await waitUntilHealthy(server, check, options.readyWithinMs ?? READY_MS);
      return { ...server, detail: options.detail ?? answer };
    },
  };
}
