import { nodesOf } from './meter-connection.ts';
import { askRedis } from './redis-connection.ts';
import type { MeterMemory, UsageMeter } from './usage-meter.ts';

/** Redis refuses writes at its bound, also those that a drain makes room with: ingest stops before that. */
const HIGH_WATER = 0.9;
/** Ingest starts again below it, so that it does not stop and start with every drained batch. */
const LOW_WATER = 0.87;
const POLL_MS = 1_000;

/** A watch that runs. */
export interface MemoryWatch {
  /** Looks now. Rejects with `MeterUnavailableError` when Redis does not answer; what was known stays. */
  look(): Promise<void>;
  stop(): void;
}

/**
 * Looks every second how much memory Redis uses, and keeps it in `meter.memory`, where `recordUsage` sees whether it may go on: a
 * request costs no question.
 *
 * @param maxBytes the bound where Redis has no `maxmemory` of its own, or a lower one, in a cluster that of each node; `null`: only what
 *   Redis says
 */
export function watchMemory(
  meter: Pick<UsageMeter, 'redis' | 'memory'>,
  { maxBytes }: { readonly maxBytes: number | null },
): MemoryWatch {
  let isLooking = false;
  const look = async (): Promise<void> => {
    const answers = await askRedis(() => Promise.all(nodesOf(meter.redis).map((node) => node.info('memory'))));
    const readings = answers.map((info) => readMemory(info, maxBytes));
    // In a cluster the fullest node decides for all: a batch is for tenants of many.
    const fullest = readings.toSorted((one, other) => shareOf(other) - shareOf(one))[0];
    if (fullest !== undefined) noteMemory(meter.memory, fullest);
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    // While Redis is away nothing is taken anyway; the next look tells.
    look().then(
      () => (isLooking = false),
      () => (isLooking = false),
    );
  }, POLL_MS);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}

interface MemoryReading {
  readonly usedBytes: number;
  /** `null`: there is no bound. */
  readonly maxBytes: number | null;
}

function readMemory(info: string, maxBytes: number | null): MemoryReading {
  const bounds = [maxBytes ?? 0, numberIn(info, 'maxmemory')].filter((bytes) => bytes > 0);
  return { usedBytes: numberIn(info, 'used_memory'), maxBytes: bounds.length === 0 ? null : Math.min(...bounds) };
}

/** Servers without a bound are compared by their bytes, and come behind every one that has a bound. */
function shareOf({ usedBytes, maxBytes }: MemoryReading): number {
  return maxBytes === null ? usedBytes / Number.MAX_SAFE_INTEGER : usedBytes / maxBytes;
}

function noteMemory(memory: MeterMemory, { usedBytes, maxBytes }: MemoryReading): void {
  memory.usedBytes = usedBytes;
  memory.maxBytes = maxBytes;
  const mark = memory.isFull ? LOW_WATER : HIGH_WATER;
  memory.isFull = maxBytes !== null && usedBytes >= maxBytes * mark;
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(info)?.[1] ?? 0);
}
