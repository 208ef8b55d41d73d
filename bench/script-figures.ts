import type { Redis } from 'ioredis';

/** What Redis has spent so far. */
export interface ScriptFigures {
  /** Microseconds inside scripts, nested commands included. */
  readonly scriptMicros: number;
  readonly scriptCalls: number;
  /** Processor time of the whole server: scripts, sockets, the append-only file. */
  readonly processorMicros: number;
}

const SCRIPT_COMMANDS = /^cmdstat_(?:evalsha|eval|fcall):calls=(\d+),usec=(\d+)/gm;
const PROCESSOR = /^used_cpu_(?:sys|user):([\d.]+)/gm;
const MICROS_PER_SECOND = 1_000_000;

function sum(values: readonly (string | undefined)[]): number {
  return values.reduce((total, text) => total + Number(text ?? 0), 0);
}

/** Reads it. */
export async function readScriptFigures(redis: Redis): Promise<ScriptFigures> {
  const [commands, processor] = [await redis.info('commandstats'), await redis.info('cpu')];
  const scripts = [...commands.matchAll(SCRIPT_COMMANDS)];
  return {
    scriptCalls: sum(scripts.map(([, calls]) => calls)),
    scriptMicros: sum(scripts.map(([, , micros]) => micros)),
    processorMicros: sum([...processor.matchAll(PROCESSOR)].map(([, seconds]) => seconds)) * MICROS_PER_SECOND,
  };
}

const SCAN_COUNT = 1_000;
const SCANS_MAX = 100_000;

/** Bytes of all sets of remembered ids, allocator included, whatever type they have. */
export async function rememberedIdsBytes(redis: Redis): Promise<number> {
  let bytes = 0;
  let cursor = '0';
  for (let scan = 0; scan < SCANS_MAX; scan += 1) {
    const [next, keys] = await redis.scan(cursor, 'MATCH', 'tk:*:ids:*', 'COUNT', SCAN_COUNT);
    for (const key of keys) bytes += Number(await redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
    if (next === '0') return bytes;
    cursor = next;
  }
  throw new Error(`Redis has more keys than ${SCANS_MAX} scans can name`);
}
