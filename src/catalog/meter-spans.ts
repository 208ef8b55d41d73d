import { requireInstant, type EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';

/** The meters that take events of one type from an instant on, until the next span begins. */
export interface MeterSpan {
  /** `null`: always. */
  readonly fromMicros: EpochMicros | null;
  /** In order of key. */
  readonly meters: readonly Meter[];
}

/**
 * The meters of each event type along time, the last span first. Of a meter's versions that have begun, the newest holds.
 *
 * @param versions all versions of all meters
 */
export function meterSpansOf(versions: readonly Meter[]): ReadonlyMap<string, readonly MeterSpan[]> {
  const newestFirst = versions.toSorted((one, other) => other.version - one.version);
  const byKey = new Map(
    [...Map.groupBy(newestFirst, ({ key }) => key)].toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
  const keysByType = new Map<string, Set<string>>();
  for (const { eventType, key } of versions) {
    const keys = keysByType.get(eventType);
    if (keys === undefined) keysByType.set(eventType, new Set([key]));
    else keys.add(key);
  }
  return new Map(
    [...keysByType].map(([eventType, keys]) => {
      const candidates = [...byKey].flatMap(([key, list]) => (keys.has(key) ? [list] : []));
      return [eventType, spansOfType(eventType, candidates)];
    }),
  );
}

/** @param candidates the versions of each meter that ever took the type, the newest first */
function spansOfType(eventType: string, candidates: readonly (readonly Meter[])[]): readonly MeterSpan[] {
  const starts = [...new Set(candidates.flat().map(startOf))].toSorted((one, other) => other - one);
  return starts.map((start) => ({
    fromMicros: start === ALWAYS ? null : start,
    meters: candidates.flatMap((versions) => {
      const meter = versions.find((version) => startOf(version) <= start);
      return meter?.eventType === eventType ? [meter] : [];
    }),
  }));
}

const ALWAYS = Number.NEGATIVE_INFINITY;

function startOf({ from }: Meter): number {
  return from === undefined ? ALWAYS : requireInstant(from);
}

/** The meters that take events of a type at an instant; `undefined` where none does. */
export function metersAt(
  { meterSpans }: { readonly meterSpans: ReadonlyMap<string, readonly MeterSpan[]> },
  eventType: string,
  atMicros: EpochMicros,
): readonly Meter[] | undefined {
  const spans = meterSpans.get(eventType);
  if (spans === undefined) return undefined;
  for (const { fromMicros, meters } of spans) {
    if (fromMicros === null || fromMicros <= atMicros) return meters.length === 0 ? undefined : meters;
  }
  return undefined;
}
