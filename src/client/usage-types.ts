import type { InstantText } from '../domain/instant.ts';
import type { PageQuery } from './page-types.ts';

/** Which usage: by default the open period, in days of the tenant's zone. */
export interface UsageQuery {
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
  readonly by?: 'hour' | 'day' | 'month' | undefined;
  /** Only this meter. */
  readonly meter?: string | undefined;
  /** By the values of this dimension of the meter. */
  readonly dimension?: string | undefined;
}

/** Usage of one meter in one hour, day or month of the tenant's zone. */
export interface UsageBucketView {
  readonly start: InstantText;
  readonly meter: string;
  /** Only by a dimension: its value; `null` for events without it. */
  readonly value?: string | number | boolean | null;
  readonly unit: string;
  readonly quantity: string;
  readonly eventCount: string;
}

/** Usage of one meter in the open period. */
export interface LiveUsageView {
  readonly unit: string;
  readonly quantity: string;
  readonly eventCount: string;
}

/** Usage from the ledger, and beside it the open period up to this moment. */
export interface UsageView {
  readonly tenant: string;
  readonly from: InstantText;
  readonly to: InstantText;
  readonly by: 'hour' | 'day' | 'month';
  readonly timeZone: string;
  /** By whose values the usage is told, if it is. */
  readonly dimension?: string;
  readonly data: readonly UsageBucketView[];
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  /** By meter. */
  readonly live: Readonly<Record<string, LiveUsageView>>;
  /** Where `live` comes from; `null` without an open period. */
  readonly liveSource: 'counters' | 'ledger' | null;
}

/** Which refusals: by default all, the newest hour first. */
export interface RefusalsQuery extends PageQuery {
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
  readonly meter?: string | undefined;
}

/** Refused usage of one meter and reason that arrived in one hour of the tenant's zone. */
export interface RefusalView {
  /** Start of the hour. */
  readonly hour: InstantText;
  readonly meter: string;
  readonly unit: string;
  /** The outcome that was answered. */
  readonly reason: string;
  readonly eventCount: string;
  /** `null` for meters whose values do not add up. */
  readonly quantity: string | null;
}

/** Which alerts: by default all, those found last first. */
export interface AlertsQuery extends PageQuery {
  readonly tenant?: string | undefined;
  /** Start of the billing period. */
  readonly period?: InstantText | undefined;
  readonly meter?: string | undefined;
  readonly from?: InstantText | undefined;
  readonly to?: InstantText | undefined;
}

/** A threshold of a tenant's plan that its usage of a period has reached. Quantities are whole units. */
export interface AlertView {
  /** `alr_…` */
  readonly id: string;
  readonly tenant: string;
  readonly periodStart: InstantText;
  readonly meter: string;
  readonly unit: string;
  /** The rule: `limit:0.8`, `included:1`, `quantity:50000`. */
  readonly threshold: string;
  readonly thresholdQuantity: string;
  /** The usage when it was found to be reached. */
  readonly quantity: string;
  readonly at: InstantText;
}
