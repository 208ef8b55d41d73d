import { parseInstant } from '../domain/instant.ts';

/** What is wrong with a half-open period, as sentences: both ends are readable, and time is between them. */
export function checkPeriod(what: string, start: string, end: string): string[] {
  const startMicros = parseInstant(start);
  const endMicros = parseInstant(end);
  if (startMicros === undefined || endMicros === undefined) return [`${what} is unreadable: ${start} to ${end}`];
  return startMicros < endMicros ? [] : [`${what} is empty: ${start} to ${end}`];
}

/** Of an instant that is checked to be readable; an unreadable one, which is said by itself, lies before all others. */
export function microsOf(text: string): number {
  return parseInstant(text) ?? 0;
}
