import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

import type { MeterMemory } from '../meter/usage-meter.ts';

/** Registers what is known of Redis's memory. It is looked at every second, whether or not anybody scrapes. */
export function createMemoryMetrics(registry: Registry, memory: Readonly<MeterMemory>): void {
  const gauge = (name: string, help: string, read: () => number | null): void => {
    const registers = [registry];
    const one: Gauge = new Gauge({
      name,
      help,
      registers,
      collect: () => {
        const value = read();
        if (value === null) one.remove();
        else one.set(value);
      },
    });
  };
  gauge('tollkeeper_redis_memory_bytes', 'Memory that Redis uses.', () => memory.usedBytes);
  gauge('tollkeeper_redis_memory_max_bytes', 'Its bound; missing where there is none.', () => memory.maxBytes);
  gauge('tollkeeper_redis_memory_full', '1 while nothing is taken because Redis is nearly full.', () =>
    memory.isFull ? 1 : 0,
  );
}
