import type { EpochMicros } from '../domain/instant.ts';

/** The wall clock, for entry points only: everything below takes it as an argument. Milliseconds are its resolution. */
export function systemClock(): EpochMicros {
  return Date.now() * 1_000;
}
