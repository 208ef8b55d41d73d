import type { Registry } from 'prom-client';

/** What Prometheus reads. */
export interface Scrape {
  readonly contentType: string;
  readonly text: string;
}

/** Reads the stores first, where the program shows any, then writes every metric down in the text format. */
export async function scrape(registry: Registry, sampleStores: () => Promise<void>): Promise<Scrape> {
  await sampleStores();
  const text = await registry.metrics();
  // The library writes `Nan` (the delay of an event loop that was not measured yet); the format knows `NaN` only.
  return { contentType: registry.contentType, text: text.replaceAll(/ Nan$/gm, ' NaN') };
}
