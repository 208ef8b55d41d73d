import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { EmbeddedError, messageOf } from './embedded-error.ts';
import { writeIdentity } from './process-identity.ts';

/** How a process ended: with a code, or by a signal, or (`error`) because it never began. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server that runs as a child of this process. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** The last lines of its log. */
  logTail(): string;
  /** Ends it politely, and by force when it does not end in time. May be called twice. */
  stop(): Promise<void>;
}

/** What to start and how to end it. */
export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Both output streams are appended here. */
  readonly logFile: string;
  /** Where the process is remembered for a later start that has to clean up. */
  readonly identityFile: string;
  readonly stopSignal: NodeJS.Signals;
  /** The user and group to run as; by default those of this process. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Its whole environment; by default the few variables a server needs. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly workingFolder?: string | undefined;
  /** How long it may take to end politely; by default 30 s. */
  readonly stopWithinMs?: number | undefined;
}

const LOG_TAIL_BYTES = 4_096;
const LOG_TAIL_LINES = 20;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const STOP_MS = 30_000;
const HEALTH_POLL_MS = 40;

/** The last lines of a log file; empty when there is none. */
function readLogTail(logFile: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(logFile, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a log for appending; one that has grown large is set aside first, so that logs never fill a disk. */
function openLog(logFile: string): number {
  mkdirSync(dirname(logFile), { recursive: true });
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
  return openSync(logFile, 'a', 0o600);
}

/**
 * Servers get only what they need to run: no keys and passwords of ours, and none of the variables that would change how they
 * behave.
 */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), TZ: 'UTC', LC_ALL: 'C' };
}

/** Waits for a promise, but no longer than a bound. */
export async function settledWithin(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const bound = new AbortController();
  const expired = delay(withinMs, false, { signal: bound.signal }).catch(() => false);
  const inTime = await Promise.race([promise.then(() => true), expired]);
  bound.abort();
  return inTime;
}

/** Ends a process: the given signal, a bounded wait, then SIGKILL to its whole process group. */
async function stopProcess(
  started: { readonly pid: number; readonly exited: Promise<unknown> },
  stopSignal: NodeJS.Signals,
  withinMs: number,
): Promise<void> {
  for (const signal of [stopSignal, 'SIGKILL'] as const) {
    try {
      process.kill(signal === 'SIGKILL' ? -started.pid : started.pid, signal);
    } catch (error) {
      // Ended before the signal: what was wanted.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (await settledWithin(started.exited, withinMs)) return;
  }
  throw new Error(`process ${started.pid} could not be ended`);
}

/**
 * Starts a server with its output in a log file. It gets a process group of its own, so that Ctrl-C reaches only the supervisor,
 * which then stops the parts in order.
 * @throws EmbeddedError when the program cannot be run at all
 */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  mkdirSync(dirname(command.identityFile), { recursive: true });
  const log = openLog(command.logFile);
  const child = spawn(command.command, command.arguments, {
    cwd: command.workingFolder ?? '/',
    detached: true,
    env: command.environment ?? plainEnvironment(),
    stdio: ['ignore', log, log],
    ...command.user,
  });
  closeSync(log);
  // At once: a supervisor that is killed in the next moment must not leave a process that nobody knows.
  if (child.pid !== undefined) writeIdentity(command.identityFile, child.pid);
  let ended = false;
  const exited = new Promise<ProcessExit>((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null): void => {
      ended = true;
      rmSync(command.identityFile, { force: true });
      resolve({ code, signal });
    };
    child.once('exit', settle);
    child.once('error', () => settle(null, null));
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('spawn', () => resolve(child.pid ?? 0));
    child.once('error', (error) =>
      reject(new EmbeddedError(`${command.name} could not be started: ${messageOf(error)}`)),
    );
  });
  return {
    name: command.name,
    pid,
    exited,
    logTail: () => readLogTail(command.logFile),
    stop: () =>
      ended ? Promise.resolve() : stopProcess({ pid, exited }, command.stopSignal, command.stopWithinMs ?? STOP_MS),
  };
}

/**
 * Waits until a server answers its health check.
 * @param check resolves when the server is ready, throws when it is not (yet)
 * @throws EmbeddedError with the tail of the log when the server ends first or takes too long; it is stopped then
 */
export async function waitUntilHealthy(
  server: ServerProcess,
  check: () => Promise<void>,
  withinMs: number,
): Promise<void> {
  let exit: ProcessExit | undefined;
  void server.exited.then((value) => (exit = value));
  const deadline = performance.now() + withinMs;
  let lastFault = 'it did not answer';
  while (performance.now() < deadline) {
    if (exit !== undefined) {
      throw new EmbeddedError(`${server.name} ended while starting. The end of its log:\n${server.logTail()}`);
    }
    try {
      await check();
      return;
    } catch (error) {
      lastFault = messageOf(error);
    }
    await delay(HEALTH_POLL_MS);
  }
  await server.stop();
  throw new EmbeddedError(
    `${server.name} was not ready within ${withinMs / 1000} s (${lastFault}). The end of its log:\n${server.logTail()}`,
  );
}
