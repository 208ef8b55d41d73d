import { once } from 'node:events';
import { rmSync } from 'node:fs';

import type { Guarded } from './orphan-guard.ts';
import { endProcess, identityOf } from './process-identity.ts';

/**
 * Entry point of the guard: `node orphan-guard-main.ts JSON`. Waits until its standard input closes, then ends the processes and removes
 * their folder.
 */
const guarded = JSON.parse(process.argv[2] ?? '') as Guarded;
// Taken now: later a number may belong to another program.
const identities = guarded.pids.map(identityOf).filter((identity) => identity !== undefined);
process.stdin.resume();
await once(process.stdin, 'end');
await Promise.all(identities.map((identity) => endProcess(identity, 'SIGINT')));
rmSync(guarded.folder, { recursive: true, force: true });
