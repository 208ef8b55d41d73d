import type { JsonValue } from './event.ts';
import type { InstantText } from './instant.ts';
import type { Scale } from './quantity.ts';

/** How the values of many events become one running number. */
export type Aggregation = 'count' | 'sum' | 'max' | 'latest' | 'unique';

/**
 * Where a meter reads its value: the event's quantity, one of its properties, or the sum of several properties, each times its
 * weight. `count` reads nothing.
 */
export type MeterValue =
  | { readonly from: 'quantity' }
  | { readonly from: 'property'; readonly property: string }
  | {
      readonly from: 'weights';
      /** Decimals above zero by the name of the property, with no more digits behind the point than the meter's scale. */
      readonly weights: Readonly<Record<string, string>>;
    };

/** A condition on one property; all conditions of a filter must hold. Exactly one of the three tests is there. */
export interface MeterCondition {
  readonly property: string;
  readonly equals?: JsonValue;
  readonly in?: readonly JsonValue[];
  readonly exists?: boolean;
}

/** How events become a number. Immutable: a change is a new version of the same key. */
export interface Meter {
  /** `^[a-z][a-z0-9_]{0,62}$`, the same in SQL, API and files. */
  readonly key: string;
  readonly version: number;
  /** Events from this instant on are read by this version, unless a newer one has begun too. Absent: always. */
  readonly from?: InstantText;
  /** The event type it takes; defaults to the key when a catalogue file leaves it out. */
  readonly eventType: string;
  readonly aggregation: Aggregation;
  /**
   * A gauge: its aggregation is `latest`, which is what it shows, and what it is billed for is its value times the seconds for which
   * it held, until the next event, over hours and periods. Each combination of values of its dimensions is a gauge of its own.
   */
  readonly timeWeighted?: true;
  readonly value: MeterValue;
  readonly filter: readonly MeterCondition[];
  /** Names of properties by whose values usage is kept apart. */
  readonly dimensions: readonly string[];
  /** For people: `token`, `GB`. */
  readonly unit: string;
  readonly scale: Scale;
}

export const METER_KEY_PATTERN = /^[a-z][a-z0-9_]{0,62}$/;
