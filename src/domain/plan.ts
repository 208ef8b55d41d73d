import type { CurrencyCode } from './money.ts';

/** One band of a graduated price. Bands rise; `upTo` is inclusive and `null` in the last, open band. Decimals as strings. */
export interface Band {
  readonly upTo: string | null;
  readonly unitPrice: string;
  /** Due once when the band is entered. */
  readonly flatFee: string;
}

/**
 * The price models of today. Each has one file in `src/rating/models` and one line in its registry; the blueprint's further
 * models are added the same way. All prices are plain decimals of major units.
 */
export type PriceModel =
  | { readonly model: 'per_unit'; readonly unitPrice: string }
  | {
      readonly model: 'graduated';
      readonly bands: readonly Band[];
      /** Whether the first band's flat fee is due at quantity zero. */
      readonly flatAtZero: boolean;
    }
  | {
      readonly model: 'package';
      readonly size: string;
      readonly packagePrice: string;
      readonly freeUnits: string;
    };

/** One price on one meter. */
export interface Charge {
  /** Unique in its plan version; names the invoice line. */
  readonly key: string;
  readonly meter: string;
  readonly description: string;
  /** Units per period that cost nothing, taken off before the model prices the rest. A plain decimal. */
  readonly includedUnits: string;
  readonly price: PriceModel;
}

/**
 * Over what a limit is counted: the billing period, or a minute, hour or day of UTC. The short windows follow the time of arrival
 * by the clock of Redis, so they are rate limits; they are in no ledger, and start over when Redis has lost its data.
 */
export type LimitWindow = 'period' | 'minute' | 'hour' | 'day';

/** A bound on one meter. `hard` refuses what would pass it, `soft` accepts and flags. */
export interface Limit {
  readonly meter: string;
  readonly mode: 'hard' | 'soft';
  readonly window: LimitWindow;
  /** A dimension of the meter, each value of which is bounded by itself; left out: the bound is on the whole tenant. */
  readonly dimension?: string;
  /** Whole units, a plain decimal. */
  readonly limit: string;
}

/**
 * Where somebody is to be told of a meter's usage in a period: at a share of its limit or of its included units (`"0.8"` is 80 %),
 * or at a quantity of whole units. Exactly one of the three is there; plain decimals above zero.
 */
export type AlertRule =
  | {
      readonly meter: string;
      readonly shareOfLimit: string;
      readonly shareOfIncluded?: undefined;
      readonly quantity?: undefined;
    }
  | {
      readonly meter: string;
      readonly shareOfIncluded: string;
      readonly shareOfLimit?: undefined;
      readonly quantity?: undefined;
    }
  | {
      readonly meter: string;
      readonly quantity: string;
      readonly shareOfLimit?: undefined;
      readonly shareOfIncluded?: undefined;
    };

/** An immutable price list. A change is a new version of the same key. */
export interface PlanVersion {
  readonly key: string;
  readonly version: number;
  readonly name: string;
  readonly currency: CurrencyCode;
  /** Due once per period, in major units; `"0"` for none. */
  readonly baseFee: string;
  readonly charges: readonly Charge[];
  readonly limits: readonly Limit[];
  /** Beside those that every limit implies at 100 % of it. Left out where there are none, as in plans from before there were any. */
  readonly alerts?: readonly AlertRule[];
}

export const PLAN_KEY_PATTERN = /^[a-z][a-z0-9_-]{0,62}$/;
