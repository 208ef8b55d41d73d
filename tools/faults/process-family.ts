import { execFileSync } from 'node:child_process';

/** Every process of this machine with its parent, as `ps` lists them. */
function parents(): Map<number, number> {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = listed.trim().split('\n');
  return new Map(
    pairs.map((line): [number, number] => {
      const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number);
      return [pid, parent];
    }),
  );
}

/** A process and everything it has started, itself first: PostgreSQL is many processes, each in a group of its own. */
export function familyOf(pid: number): number[] {
  const parentOf = parents();
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of parentOf) if (parent === member) family.push(child);
  }
  return family;
}

/** Sends a signal to a process and everything it has started. A member that is gone is left out. */
export function signalFamily(pid: number, signal: NodeJS.Signals): void {
  for (const member of familyOf(pid)) {
    try {
      process.kill(member, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
