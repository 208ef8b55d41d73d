import type { EventEmitter } from 'node:events';

import { messageOf } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import type { Part, RunningPart } from './part.ts';

/** What to run. */
export interface SuperviseOptions {
  /** In the order of their start; they stop in reverse. */
  readonly parts: readonly Part[];
  /** Receives one line for each part that is up, and what there is to say when one dies or the whole stops. */
  readonly onLine: Say;
  /** Told when a part ends though nobody asked it to. */
  readonly onPartDied?: ((name: string, logTail: string) => void) | undefined;
  /** Who emits SIGINT, SIGTERM and SIGHUP; this process unless a test says otherwise. `null`: the caller handles signals. */
  readonly signals?: EventEmitter | null | undefined;
}

/** How it ended. */
export interface SupervisionEnd {
  /** 0 after a signal or `stop()`; 1 when a part died or could not be started. */
  readonly exitCode: 0 | 1;
  /** What went wrong, with the end of the part's log; undefined when nothing did. */
  readonly fault: string | undefined;
}

/** A running supervisor. */
export interface Supervision {
  /** Resolves when every part is up. Rejects with the fault when one could not be started, or it was stopped before. */
  readonly started: Promise<void>;
  /** Resolves when everything has stopped. Never rejects. */
  readonly finished: Promise<SupervisionEnd>;
  /** Stops everything in reverse order; resolves when it has. */
  stop(): Promise<void>;
}

interface UpPart extends RunningPart {
  readonly name: string;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Stops in reverse order. One that cannot be stopped is named, and does not keep the others running. */
async function stopAll(up: readonly UpPart[], onLine: Say): Promise<void> {
  for (const part of up.toReversed()) {
    try {
      await part.stop();
    } catch (error) {
      onLine(`${part.name} could not be stopped: ${messageOf(error)}`);
    }
  }
}

function deathNotice(part: UpPart, exit: { code: number | null; signal: string | null }): string {
  const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
  const tail = part.logTail();
  return `${part.name} died (${how})${tail === '' ? '' : `. The end of its log:\n${tail}`}`;
}

/**
 * Starts parts in order, says one line for each, and keeps watch. When one dies, the rest is stopped, for a half of the whole would
 * only hide the fault; nothing is restarted. SIGINT, SIGTERM and SIGHUP stop everything, last part first.
 */
export function supervise(options: SuperviseOptions): Supervision {
  const { parts, onLine } = options;
  const signals = options.signals === undefined ? process : options.signals;
  const nameWidth = Math.max(...parts.map((part) => part.name.length));
  const up: UpPart[] = [];
  const endAsked = Promise.withResolvers<SupervisionEnd>();
  let ending = false;
  const end = (fault: string | undefined): void => {
    if (ending) return;
    ending = true;
    if (fault !== undefined) onLine(fault);
    onLine('stopping');
    endAsked.resolve({ exitCode: fault === undefined ? 0 : 1, fault });
  };
  const onSignal = (): void => end(undefined);
  for (const signal of SIGNALS) signals?.on(signal, onSignal);

  const startAll = async (): Promise<void> => {
    for (const part of parts) {
      if (ending) return;
      const running = await part.start().catch((error: unknown) => {
        end(`${part.name} could not be started: ${messageOf(error)}`);
      });
      if (running === undefined) return;
      const upPart: UpPart = { ...running, name: part.name };
      up.push(upPart);
      onLine(`${part.name.padEnd(nameWidth)}  ${running.detail}`);
      void running.exited.then((exit) => {
        if (ending) return;
        options.onPartDied?.(part.name, running.logTail());
        end(deathNotice(upPart, exit));
      });
    }
  };
  const allStarted = startAll();
  const finished = endAsked.promise.then(async (result) => {
    await allStarted;
    await stopAll(up, onLine);
    for (const signal of SIGNALS) signals?.off(signal, onSignal);
    return result;
  });
  const started = allStarted.then(async () => {
    if (!ending) return;
    throw new Error((await endAsked.promise).fault ?? 'stopped before everything was up');
  });
  // Who only waits for the end learns of a failed start there.
  started.catch(() => undefined);
  return {
    started,
    finished,
    stop: async () => {
      end(undefined);
      await finished;
    },
  };
}
