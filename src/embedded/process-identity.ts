import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { Say } from './embedded-error.ts';

/** One process of one boot of one machine: a process id alone is given to another process sooner or later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the words of the operating system; comparable, not readable. */
  readonly startedAt: string;
}

const END_MS = 30_000;
const POLL_MS = 50;

function startOnLinux(pid: number): string | undefined {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  // A zombie has ended; only its parent has not asked for the exit code yet.
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${fields[19]}`;
}

/** The identity of a running process, or undefined when no such process runs. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const startedAt =
      process.platform === 'linux'
        ? startOnLinux(pid)
        : execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return startedAt ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether exactly this process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/** Writes the identity of a running process into a file, for the next start to find. */
export function writeIdentity(file: string, pid: number): void {
  writeFileSync(file, JSON.stringify(identityOf(pid) ?? { pid, startedAt: '' }));
}

/** Reads such a file. A missing or unreadable one means that no process is known. */
export function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startedAt } = value as Partial<ProcessIdentity>;
    return Number.isSafeInteger(pid) && typeof startedAt === 'string' ? { pid: pid as number, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function waitUntilGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
    if (!isAlive(identity)) return true;
    await delay(POLL_MS);
  }
  return !isAlive(identity);
}

/** Ends a process that need not be our child: the given signal, a bounded wait, SIGKILL. One that is gone is left alone. */
export async function endProcess(identity: ProcessIdentity, stopSignal: NodeJS.Signals): Promise<void> {
  for (const name of [stopSignal, 'SIGKILL'] as const) {
    if (!isAlive(identity)) return;
    signal(identity.pid, name);
    if (await waitUntilGone(identity, END_MS)) return;
  }
  throw new Error(`process ${identity.pid} could not be ended`);
}

/**
 * Stops a part that outlived its supervisor (which was killed, so could not stop it), and says so. The file of its identity goes
 * away in any case, since after this nothing it describes runs.
 */
export async function stopLeftover(file: string, name: string, stopSignal: NodeJS.Signals, say: Say): Promise<void> {
  const identity = readIdentity(file);
  if (identity !== undefined && isAlive(identity)) {
    say(`${name} of an earlier run is still running (process ${identity.pid}): stopping it`);
    await endProcess(identity, stopSignal);
  }
  rmSync(file, { force: true });
}
