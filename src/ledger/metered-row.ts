import type { EpochMicros } from '../domain/instant.ts';
import type { Aggregation } from '../domain/meter.ts';
import { SCALE_MAX, type Scale, type ScaledQuantity } from '../domain/quantity.ts';
import type { UsageRow } from './usage-row.ts';

/** What one event adds to one meter, with the scale and aggregation that were in force when it was accepted. */
export interface Contribution {
  readonly meter: string;
  readonly aggregation: Aggregation;
  readonly scale: Scale;
  /** Value × 10^scale; 0 for `unique`. */
  readonly scaled: ScaledQuantity;
  /** For `unique`: the keyed digest of the value in hex. */
  readonly valueDigestHex: string | null;
  /** Canonical JSON, `{}` without dimensions. */
  readonly dimensionsJson: string;
}

/** An event row together with what its meters read: what rollups are made of. */
export interface MeteredRow extends UsageRow {
  /** The tenant's own zone. */
  readonly timeZone: string;
  /** Start of the event's hour in that zone. */
  readonly hourMicros: EpochMicros;
  readonly contributions: readonly Contribution[];
}

/**
 * A contribution as an integer of 10^-9 units, the finest scale there is: meters whose scale changed between versions still
 * add up exactly.
 */
export function finestScaled(contribution: Contribution): bigint {
  return BigInt(contribution.scaled) * (FACTORS[SCALE_MAX - contribution.scale] ?? 1n);
}

const FACTORS: readonly bigint[] = Array.from({ length: SCALE_MAX + 1 }, (_, exponent) => 10n ** BigInt(exponent));
