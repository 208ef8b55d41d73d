import type { CurrencyCode } from './money.ts';
import type { PeriodLength } from './period-length.ts';

/** One band of a graduated or volume price. Bands rise; `upTo` is inclusive and `null` in an open band. Decimals as strings. */
export interface Band {
  readonly upTo: string | null;
  /** Of one unit, or of one block where there are blocks. */
  readonly unitPrice: string;
  /** Due once when the band is entered. */
  readonly flatFee: string;
  /** Sells the units of this band in blocks of so many, a started one counting whole. Left out: unit by unit. */
  readonly blockSize?: string;
  /** In place of `upTo`, which is `null` then: the band ends after so many blocks. */
  readonly maxBlocks?: string;
}

/** One band of a price in percent of an amount. */
export interface PercentBand {
  readonly upTo: string | null;
  /** `"2.99"` is 2.99 %. */
  readonly percent: string;
  /** Due once when the band is entered. */
  readonly flatFee: string;
}

/** One band of a price that is a fee by size. */
export interface FeeBand {
  readonly upTo: string | null;
  readonly flatFee: string;
}

/** What prices with bands have in common. */
interface Banded<OneBand> {
  readonly bands: readonly OneBand[];
  /** Says that the last band ends on purpose: usage above it is not priced, and holds the bill. */
  readonly bounded?: true;
}

/** Banded prices with flat fees: whether that of the first band is due at quantity zero. */
interface FlatAtZero {
  readonly flatAtZero: boolean;
}

/** Quantity × price. */
export interface PerUnitPrice {
  readonly model: 'per_unit';
  readonly unitPrice: string;
}

/** Each unit at the price of its band. */
export interface GraduatedPrice extends Banded<Band>, FlatAtZero {
  readonly model: 'graduated';
}

/** All units at the price of the first band that holds the quantity. */
export interface VolumePrice extends Banded<Band>, FlatAtZero {
  readonly model: 'volume';
}

/** Whole packages. */
export interface PackagePrice {
  readonly model: 'package';
  readonly size: string;
  readonly packagePrice: string;
  readonly freeUnits: string;
  /** What becomes of a started package; left out: `up`, it is paid. */
  readonly rounding?: 'up' | 'down';
}

/**
 * A share of each event's amount (the meter's value), and a fee for each. The allowance ends for good at the first of its two
 * bounds that is used up; the event that crosses `freeAmount` pays on its excess, with the whole fee.
 */
export interface PercentagePrice {
  readonly model: 'percentage';
  readonly percent: string;
  /** Of every event that is charged. */
  readonly fixedFee: string;
  readonly freeEvents?: string;
  readonly freeAmount?: string;
  readonly minimumPerEvent?: string;
  readonly maximumPerEvent?: string;
}

/** A share of an amount by bands, like `graduated`. */
export interface GraduatedPercentagePrice extends Banded<PercentBand>, FlatAtZero {
  readonly model: 'graduated_percentage';
}

/** The fee of the first band that holds the quantity: mostly a peak, of a `max` meter. */
export interface CapacityPrice extends Banded<FeeBand> {
  readonly model: 'capacity';
}

/** A fee that does not depend on how much was used. */
export interface FlatPrice {
  readonly model: 'flat';
  readonly amount: string;
  /** `always`: whether anything was used or not, and of a part of a period that part of it. Or only when something was used. */
  readonly due: 'always' | 'when_used';
}

/** The event carries its own price: the meter sums amounts. The product is rounded at once, before anything else is done with it. */
export interface DynamicPrice {
  readonly model: 'dynamic';
  readonly multiplier: string;
}

/** Prices of a quantity alone, which may stand inside of others. */
export type QuantityPrice =
  | PerUnitPrice
  | GraduatedPrice
  | VolumePrice
  | PackagePrice
  | GraduatedPercentagePrice
  | CapacityPrice
  | FlatPrice
  | DynamicPrice;

/** Hours and days are those of the tenant's zone. */
export type TimeBucket = 'hour' | 'day';

/** Each hour or day with usage priced by itself, then added. */
export interface BucketedPrice {
  readonly model: 'bucketed';
  readonly bucket: TimeBucket;
  readonly price: QuantityPrice;
}

/** The price of some values of a matrix's dimensions, in their order. */
export interface MatrixCell {
  readonly values: readonly string[];
  readonly price: QuantityPrice;
}

/** A price by the values of one or two dimensions. */
export interface MatrixPrice {
  readonly model: 'matrix';
  readonly dimensions: readonly string[];
  readonly cells: readonly MatrixCell[];
  /** Of each combination of values that no cell names; `null`: usage of it holds the bill. */
  readonly otherwise: QuantityPrice | null;
}

/** Every price model. Each has one file in `src/rating/models` and one line in its registry. Prices are plain decimals of major units. */
export type PriceModel = QuantityPrice | PercentagePrice | BucketedPrice | MatrixPrice;

/** Turns metered units into billed ones, first of all. At least one of the two factors is there. */
export interface UnitConversion {
  readonly multiply?: string;
  readonly divide?: string;
  /** To a whole number of units. Left out: not rounded. */
  readonly rounding?: 'up' | 'down' | 'half_up';
}

/** A part of the price that is not charged: a share, or a fixed amount and never more than there is. */
export type Discount = { readonly percent: string } | { readonly amount: string };

/** A promise to spend. What goes beyond it is dearer or cheaper by a factor. */
export interface Commitment {
  readonly amount: string;
  /** `"1.5"`: what goes beyond the commitment costs half as much again. */
  readonly overageFactor: string;
  /** Whether what is missing is charged at the end of the period. */
  readonly trueUp: boolean;
}

/**
 * One price on one meter. Applied in this order: conversion, included units, price, discount, commitment, minimum, maximum.
 */
export interface Charge {
  /** Unique in its plan version; names the invoice line. */
  readonly key: string;
  readonly meter: string;
  readonly description: string;
  /** Units per period that cost nothing. A plain decimal. */
  readonly includedUnits: string;
  /**
   * Left out: `before_band`, the included units are taken off before a band is chosen. `after_band`: they count when it is chosen,
   * and fill the lower bands.
   */
  readonly includedUnitsTaken?: 'before_band' | 'after_band';
  /** Only usage with one of these values of each of these dimensions. */
  readonly filter?: Readonly<Record<string, readonly string[]>>;
  /** A dimension, each value of which is converted, freed of included units and priced by itself. */
  readonly groupBy?: string;
  readonly conversion?: UnitConversion;
  readonly price: PriceModel;
  readonly discount?: Discount;
  readonly commitment?: Commitment;
  /** What is due at least for a whole period; the shortfall is a line of its own. Prorated, as is the maximum, for a part of a period. */
  readonly minimum?: string;
  /** What is due at most for a whole period; what goes beyond is given back by a line of its own. */
  readonly maximum?: string;
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

/** Prices of a quantity that is agreed and not metered. Bands without blocks: a part of a block cannot be sold. */
export type FixedQuantityPrice = PerUnitPrice | GraduatedPrice | VolumePrice;

/** A quantity that a tenant holds for some time, such as seats, priced by the second for as long as it is held. */
export interface FixedQuantity {
  /** Unique in its plan version; what the tenant's timeline calls it. */
  readonly key: string;
  readonly description: string;
  /** Of one: `seat`. */
  readonly unit: string;
  /** Of a whole period, or of what `every` says. */
  readonly price: FixedQuantityPrice;
  /** What the price is for, where that is not the billing period: seats paid by the year beside a monthly bill. Billed ahead, as it begins. */
  readonly every?: PeriodLength;
}

/** An immutable price list. A change is a new version of the same key. */
export interface PlanVersion {
  readonly key: string;
  readonly version: number;
  readonly name: string;
  readonly currency: CurrencyCode;
  /** Whether it is held beside another plan, and several such at a time. It has no limits, alerts or bounds of its own. Left out: it is not. */
  readonly addOn?: true;
  /** Due once per period, in major units; `"0"` for none. */
  readonly baseFee: string;
  /**
   * When the base fee is billed. Left out: `arrears`, on the bill of its own period. `advance`: on the bill of the period before; that
   * of a tenant's first period on its own.
   */
  readonly baseFeeDue?: 'arrears' | 'advance';
  /**
   * What the base fee is for, where that is not the billing period: a yearly fee beside monthly usage. It is counted from where the tenant
   * came to the plan, and billed with the billing period in which its own one begins (`advance`) or ends.
   */
  readonly baseFeeEvery?: PeriodLength;
  /**
   * Whether bands and included units of charges go on where the plan begins within a period: `carry_over` counts what was used under the
   * plan before, by charges of the same key. Left out: `restart`, they begin at zero.
   */
  readonly onChange?: 'restart' | 'carry_over';
  readonly charges: readonly Charge[];
  /** Left out: none. */
  readonly fixedQuantities?: readonly FixedQuantity[];
  readonly limits: readonly Limit[];
  /** Beside those that every limit implies at 100 % of it. Left out where there are none, as in plans from before there were any. */
  readonly alerts?: readonly AlertRule[];
  /** What commitment, minimum and maximum of the plan add up. Left out: `charges`; base fee and fixed quantities stand beside them. */
  readonly boundsCover?: 'charges' | 'charges_and_base_fee';
  /** On all charges together, after those that charges have of their own. A line of its own. */
  readonly commitment?: Commitment;
  /** What all charges together are due at least for a whole period; the shortfall is a line of its own. */
  readonly minimum?: string;
  /** What all charges together are due at most for a whole period: a monthly cap. What goes beyond is given back by a line. */
  readonly maximum?: string;
}

export const PLAN_KEY_PATTERN = /^[a-z][a-z0-9_-]{0,62}$/;
