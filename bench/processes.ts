import { readdirSync, readFileSync } from 'node:fs';

/** Processor seconds, by the name of the process. */
export type ProcessorSeconds = Readonly<Record<string, number>>;

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly parent: number;
  /** Of the process, and of children that have ended and were waited for. */
  readonly ticks: number;
}

function readStat(pid: string): ProcessStat | undefined {
  try {
    // The name may hold blanks and brackets: the fields start behind the last bracket, with the third.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    // It has ended since the folder was listed; its parent counts it.
    return undefined;
  }
}

/**
 * The processor time that processes have used so far, with all of their children, dead or alive: PostgreSQL is one process per
 * connection. Linux only.
 *
 * @param roots process ids by the names that the answer has
 */
export function readProcessorSeconds(roots: Readonly<Record<string, number>>): ProcessorSeconds {
  const stats = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? readStat(entry) : undefined;
    if (stat !== undefined) stats.set(Number(entry), stat);
  }
  const children = Map.groupBy(stats.keys(), (pid) => stats.get(pid)?.parent ?? 0);
  const ticksOf = (pid: number): number =>
    (stats.get(pid)?.ticks ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + ticksOf(child), 0);
  return Object.fromEntries(Object.entries(roots).map(([name, pid]) => [name, ticksOf(pid) / TICKS_PER_SECOND]));
}

/**
 * What each process used between two readings, in microseconds per event.
 *
 * @param count events in between, at least one
 */
export function processorMicrosPerEvent(
  before: ProcessorSeconds,
  after: ProcessorSeconds,
  count: number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(after).map(([name, seconds]) => [name, ((seconds - (before[name] ?? 0)) * 1e6) / count]),
  );
}
