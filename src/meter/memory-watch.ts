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
 * @param maxBytes the bound where Redis has no `maxmemory` of its own, or a lower one; `null`: only what Redis says
 */
export function watchMemory(
  meter: Pick<UsageMeter, 'redis' | 'memory'>,
  { maxBytes }: { readonly maxBytes: number | null },
): MemoryWatch {
  let isLooking = false;
  const look = async (): Promise<void> => {
    const info = await askRedis(() => meter.redis.info('memory'));
    noteMemory(meter.memory, {
      usedBytes: numberIn(info, 'used_memory'),
      redisMaxBytes: numberIn(info, 'maxmemory'),
      maxBytes,
    });
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
  /** 0: none. */
  readonly redisMaxBytes: number;
  readonly maxBytes: number | null;
}

function noteMemory(memory: MeterMemory, { usedBytes, redisMaxBytes, maxBytes }: MemoryReading): void {
  const bounds = [maxBytes ?? 0, redisMaxBytes].filter((bytes) => bytes > 0);
  memory.usedBytes = usedBytes;
  memory.maxBytes = bounds.length === 0 ? null : Math.min(...bounds);
  const mark = memory.isFull ? LOW_WATER : HIGH_WATER;
  memory.isFull = memory.maxBytes !== null && usedBytes >= memory.maxBytes * mark;
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)\\r?$`, 'm').exec(info)?.[1] ?? 0);
}
