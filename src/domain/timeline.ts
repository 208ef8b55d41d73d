import type { EpochMicros } from './instant.ts';

/** Something on a tenant's timeline, half-open: the instant of a change belongs to what comes after it. `toMicros` is `null` while open. */
export interface TimelineItem {
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** A half-open window of time. */
export interface TimeWindow {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
}

/** Whether two windows are of the same time. */
export function isSameWindow(one: TimeWindow, other: TimeWindow): boolean {
  return one.startMicros === other.startMicros && one.endMicros === other.endMicros;
}

/** The part of an item that lies in a window. Never empty. */
export interface ItemSpan<Item extends TimelineItem> {
  readonly item: Item;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
}

/** The parts of items that lie in a window, in order of time. Items that do not reach into it are left out. */
export function itemsWithin<Item extends TimelineItem>(items: readonly Item[], window: TimeWindow): ItemSpan<Item>[] {
  return items
    .map((item) => ({
      item,
      fromMicros: Math.max(item.fromMicros, window.startMicros),
      toMicros: Math.min(item.toMicros ?? Infinity, window.endMicros),
    }))
    .filter(({ fromMicros, toMicros }) => fromMicros < toMicros)
    .toSorted((a, b) => a.fromMicros - b.fromMicros);
}

/** Whether an item holds an instant. */
export function holdsAt({ fromMicros, toMicros }: TimelineItem, instantMicros: EpochMicros): boolean {
  return fromMicros <= instantMicros && (toMicros === null || instantMicros < toMicros);
}

/** The item that holds an instant; `undefined` where there is none. */
export function itemAt<Item extends TimelineItem>(
  items: readonly Item[],
  instantMicros: EpochMicros,
): Item | undefined {
  return items.find((item) => holdsAt(item, instantMicros));
}

/**
 * A timeline in which something else holds from an instant on: what began before is cut there, what was to begin there or later is
 * dropped. Where what holds until then is the same, it goes on instead of being cut, so a repeated change changes nothing.
 *
 * @param items in order of time, without overlap
 */
export function changedFrom<Item extends TimelineItem>(
  items: readonly Item[],
  next: Item,
  isSame: (a: Item, b: Item) => boolean,
): readonly Item[] {
  const at = next.fromMicros;
  const kept = items.filter(({ fromMicros }) => fromMicros < at);
  const last = kept.at(-1);
  const reaches = last !== undefined && (last.toMicros === null || last.toMicros >= at);
  if (last === undefined || !reaches) return [...kept, next];
  if (isSame(last, next)) return [...kept.slice(0, -1), { ...last, toMicros: next.toMicros }];
  return [...kept.slice(0, -1), { ...last, toMicros: at }, next];
}

/** A timeline in which nothing holds from an instant on. @param items in order of time, without overlap */
export function endedFrom<Item extends TimelineItem>(items: readonly Item[], atMicros: EpochMicros): readonly Item[] {
  return items
    .filter(({ fromMicros }) => fromMicros < atMicros)
    .map((item) => (item.toMicros !== null && item.toMicros <= atMicros ? item : { ...item, toMicros: atMicros }));
}

/** Whether two timelines say the same, item by item. */
export function isSameTimeline<Item extends TimelineItem>(
  before: readonly Item[],
  after: readonly Item[],
  isSame: (a: Item, b: Item) => boolean,
): boolean {
  return (
    before.length === after.length &&
    before.every((item, index) => {
      const other = after[index];
      if (other === undefined || !isSame(item, other)) return false;
      return item.fromMicros === other.fromMicros && item.toMicros === other.toMicros;
    })
  );
}

/**
 * The stretch of a timeline around an instant in which items follow each other without a gap and are the same in some way. `undefined`
 * where no item holds the instant.
 *
 * @param items in order of time, without overlap
 */
export function stretchAround<Item extends TimelineItem>(
  items: readonly Item[],
  instantMicros: EpochMicros,
  isSame: (one: Item, other: Item) => boolean,
): TimelineItem | undefined {
  const middle = itemAt(items, instantMicros);
  if (middle === undefined) return undefined;
  let { fromMicros, toMicros } = middle;
  for (const item of items.slice(0, items.indexOf(middle)).toReversed()) {
    if (item.toMicros !== fromMicros || !isSame(item, middle)) break;
    fromMicros = item.fromMicros;
  }
  for (const item of items.slice(items.indexOf(middle) + 1)) {
    if (item.fromMicros !== toMicros || !isSame(item, middle)) break;
    toMicros = item.toMicros;
  }
  return { fromMicros, toMicros };
}
