import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a guard ends and removes. */
export interface Guarded {
  readonly pids: readonly number[];
  readonly folder: string;
}

/** A guard on duty. */
export interface OrphanGuard {
  /** Ends what still runs, removes the folder and goes. */
  dismiss(): Promise<void>;
}

/**
 * Starts a small process that outlives this one by a moment: when this one ends, however it ends, the guard kills the given processes and removes
 * their folder. For throw-away data only.
 */
export function guardOrphans(guarded: Guarded): OrphanGuard {
  const entry = fileURLToPath(new URL(`./orphan-guard-main${extname(import.meta.url)}`, import.meta.url));
  const guard = spawn(process.execPath, [entry, JSON.stringify(guarded)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  // Its standard input closes when this process ends: even SIGKILL cannot prevent that.
  const exited = once(guard, 'exit');
  guard.unref();
  return {
    dismiss: async () => {
      guard.ref();
      guard.stdin.end();
      await exited;
    },
  };
}
