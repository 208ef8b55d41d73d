import type { EpochMicros, InstantText } from '../domain/instant.ts';
import type { JsonValue } from '../domain/event.ts';
import type { Aggregation } from '../domain/meter.ts';
import type { LimitWindow } from '../domain/plan.ts';
import type { Scale, ScaledQuantity } from '../domain/quantity.ts';
import type { DigestText } from './digests.ts';

/**
 * One shard's part of a request, interpreted: which meters each event feeds, in which periods, under which versions. The
 * script takes it whole or says why not.
 */
export interface UsageGroup {
  readonly shard: number;
  readonly catalogueVersion: number;
  readonly tenants: readonly GroupTenant[];
  readonly periods: readonly GroupPeriod[];
  readonly meters: readonly GroupMeter[];
  /** Events that may be accepted, in the order of the request. */
  readonly events: readonly GroupEvent[];
  /** Events whose time or tenant forbids them; they are sent so that a known id can answer `duplicate` or `conflict`. */
  readonly refused: readonly RefusedEvent[];
  /** The hold that the group settles: it has one tenant and one event then. */
  readonly settles?: GroupHold;
}

/** A hold that an event settles in the step that takes it. */
export interface GroupHold {
  /** `holdName`. */
  readonly name: string;
  /** What is committed, for whoever asks later. */
  readonly quantity: string;
}

/** A tenant of the group and the version of its gate that the events were judged by. */
export interface GroupTenant {
  readonly id: string;
  readonly gateVersion: number;
  /**
   * Names the dimensions whose values the counters of its periods are kept by, for limits on them (`countedDimensions`); absent: none.
   * Counters that were kept by others must be rebuilt first.
   */
  readonly countedBy?: string;
}

/** A usage period and the accounting period that bills it, of one tenant. They differ only for late usage. */
export interface GroupPeriod {
  readonly tenantIndex: number;
  readonly usageStart: InstantText;
  readonly accountingStart: InstantText;
  readonly timeZone: string;
}

/** What the drain must know of a meter; it goes into the journal with the events. */
export interface GroupMeter {
  readonly key: string;
  readonly scale: Scale;
  readonly aggregation: Aggregation;
}

/** What an event is known by: the id says whether, the content says duplicate or conflict. */
export interface EventDigests {
  readonly idDigest: DigestText;
  readonly contentDigest: DigestText;
}

/** An event to be accepted. Its period is a place in the `periods` of the group. */
export interface GroupEvent extends EventDigests {
  readonly periodIndex: number;
  readonly id: string;
  readonly type: string;
  readonly occurredAtMicros: EpochMicros;
  readonly quantity: string;
  /** Canonical JSON; `null` without properties. */
  readonly propertiesText: string | null;
  readonly readings: readonly GroupReading[];
  /** The meter of each reading, as its place in the `meters` of the group. Events that feed the same meters may share a list. */
  readonly meterIndexes: readonly number[];
}

/** What one meter reads from an event. */
export interface GroupReading {
  /** A plain decimal of whole units, or the keyed digest in hex for `unique`. */
  readonly valueText: string;
  /** What the counter grows by or is compared with; 0 for `unique`. */
  readonly scaled: ScaledQuantity;
  readonly dimensions?: Readonly<Record<string, JsonValue>>;
  /** The bounds that hold for it, in the order of the answer; absent for late usage and for meters without one. */
  readonly bounds?: readonly GroupBound[];
  /** Whether the total of the meter's counter is to come back even where no bound is on it. */
  readonly isWatched?: boolean;
}

/** A bound on what one counter may hold. */
export interface GroupBound {
  readonly window: LimitWindow;
  /** `dimensionDigest` of the value that is bounded by itself; absent: the bound is on the whole tenant. */
  readonly valueDigest?: string;
  readonly scaled: ScaledQuantity;
  readonly isHard: boolean;
}

/** An event that only a known id can still save from its verdict (see `EventStatus`). */
export interface RefusedEvent extends EventDigests {
  readonly verdict: 'E' | 'T' | 'X';
}

/** `A` accepted, `D` duplicate, `C` conflict, `L` limit exceeded; `E` too early, `T` too late, `X` tenant closed. */
export type EventStatus = 'A' | 'D' | 'C' | 'L' | 'E' | 'T' | 'X';

/** The answer to one group. Anything but `applied` means that nothing of it was taken. */
export type GroupAnswer =
  | {
      readonly kind: 'applied';
      /** One per event of `events`, then one per event of `refused`. */
      readonly statuses: readonly EventStatus[];
      /**
       * Totals after the call of every bounded or watched counter, a scaled integer as text: by `limitedCounterName` the meter's own
       * of the period, by `boundCounterName` those of other bounds.
       */
      readonly totals: ReadonlyMap<string, string>;
      /** When Redis judged the group, by its own clock, in milliseconds: short windows are counted by it. */
      readonly atMs: number;
      /** Tenants whose first event since the last checkpoint this was. */
      readonly newlyDirty: readonly string[];
      readonly epoch: number;
      /** Sequence of the last accepted event of the call; the shard's own when nothing was accepted. */
      readonly sequence: number;
    }
  | { readonly kind: 'stale_catalogue' }
  /** Redis has another gate version than the group: higher, or lower when a seal did not reach it yet. */
  | { readonly kind: 'stale_gate'; readonly tenant: string; readonly gateVersion: number }
  /** These tenants have no valid gate in this epoch: rebuild them first. */
  | { readonly kind: 'void_gate'; readonly tenants: readonly string[] }
  /** The counters of these tenants are not kept by the dimensions that the group's limits are on: rebuild them first. */
  | { readonly kind: 'stale_counters'; readonly tenants: readonly string[] };

/** The key of `totals` for the counter of a bound. */
export function boundCounterName(
  tenant: string,
  accountingStart: InstantText,
  meter: string,
  { window, valueDigest }: Pick<GroupBound, 'window' | 'valueDigest'>,
): string {
  const own = limitedCounterName(tenant, accountingStart, meter);
  return window === 'period' && valueDigest === undefined ? own : `${own}/${window}/${valueDigest ?? ''}`;
}

/** The key of `totals` for what is held of a counter. @param name of `boundCounterName` */
export function heldCounterName(name: string): string {
  return `${name}~held`;
}

/** The key of `totals` for the own counter of one meter in one accounting period of one tenant. */
export function limitedCounterName(tenant: string, accountingStart: InstantText, meter: string): string {
  return `${tenant}/${accountingStart}/${meter}`;
}
