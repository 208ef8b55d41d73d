import type { ProcessExit } from './server-process.ts';

/** A part that is up. */
export interface RunningPart {
  /** What a person needs to know of it: its URL, most of the time. */
  readonly detail: string;
  /** Settles when it has ended, for whatever reason. A part that is not ours never ends. */
  readonly exited: Promise<ProcessExit>;
  /** The last lines of its log; empty when it has none. */
  logTail(): string;
  /** Ends it, within a bound. */
  stop(): Promise<void>;
}

/** One thing a supervisor starts and stops. */
export interface Part {
  readonly name: string;
  /** Resolves when the part has passed its health check. */
  start(): Promise<RunningPart>;
}

/** A part that is not a process of ours: nothing to watch, nothing to stop unless told. */
export function passivePart(detail: string, stop: () => Promise<void> = () => Promise.resolve()): RunningPart {
  return { detail, exited: new Promise(() => undefined), logTail: () => '', stop };
}
