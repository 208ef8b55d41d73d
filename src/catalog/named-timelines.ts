import type { EpochMicros } from '../domain/instant.ts';
import type { TimelineItem } from '../domain/timeline.ts';
import { ChangeRefusedError } from './change-refused-error.ts';

/**
 * The timelines of several things in one list, with that of one of them as it is to be. By name and then in order of time, as the catalogue
 * is read.
 */
export function withTimeline<Item extends TimelineItem>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  name: string,
  timeline: readonly Item[],
): readonly Item[] {
  const others = items.filter((item) => nameOf(item) !== name);
  return [...others, ...timeline].toSorted((one, other) => {
    const [a, b] = [nameOf(one), nameOf(other)];
    if (a !== b) return a < b ? -1 : 1;
    return one.fromMicros - other.fromMicros;
  });
}

/** How many things are held at or after an instant. */
export function countHeldFrom<Item extends TimelineItem>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  atMicros: EpochMicros,
): number {
  return new Set(items.filter(({ toMicros }) => (toMicros ?? Infinity) > atMicros).map(nameOf)).size;
}

/** The refusal to end what is not on a tenant's timelines: most often another name was meant. */
export function notHeld(tenant: string, what: string): ChangeRefusedError {
  const message = `tenant ${tenant} has no ${what} that could end: GET /v1/tenants/${tenant} shows what it has`;
  return new ChangeRefusedError('not_held', message);
}
