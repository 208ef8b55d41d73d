import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent } from '../domain/invoice.ts';
import type { LiveUsageView } from './usage-types.ts';

/** What one charge has come to in the open period, or in a part of it under one plan. */
export interface ChargeSpendView {
  readonly charge: string;
  readonly description: string;
  readonly meter: string;
  readonly unit: string;
  readonly from: InstantText;
  readonly to: InstantText;
  /** Whole units as they are metered. */
  readonly used: string;
  /** Units that cost nothing, and how many are used beyond them, as they are billed; `null` where parts of usage are priced. */
  readonly included: string | null;
  readonly overage: string | null;
  /** The add-on that it is a charge of; left out: it is one of the plan. */
  readonly addOn?: string;
  readonly amountMinor: string;
  /** The same in major units. */
  readonly cost: string;
}

/** What all charges on one meter have come to; included and overage where one charge is on it. */
export type MeterSpendView = Omit<ChargeSpendView, 'charge' | 'description' | 'from' | 'to' | 'addOn'>;

/** What the period would cost at its end if usage went on as it has: linear by elapsed time, fees whole. */
export interface SpendProjectionView {
  /** The end of the period. */
  readonly at: InstantText;
  readonly charges: readonly Pick<ChargeSpendView, 'charge' | 'from' | 'to' | 'used' | 'amountMinor' | 'cost'>[];
  readonly subtotalMinor: string;
  readonly taxMinor: string;
  readonly totalMinor: string;
  readonly total: string;
}

/** What the open period would cost if it ended now. Amounts are minor units. */
export interface SpendView {
  readonly tenant: string;
  readonly asOf: InstantText;
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  readonly plan: { readonly key: string; readonly version: number; readonly name: string };
  readonly currency: string;
  readonly usage: Readonly<Record<string, LiveUsageView>>;
  readonly charges: readonly ChargeSpendView[];
  readonly meters: readonly MeterSpendView[];
  /** `null` where nothing can be said yet. */
  readonly projection: SpendProjectionView | null;
  readonly lines: InvoiceContent['lines'];
  readonly taxLines: InvoiceContent['taxLines'];
  readonly subtotalMinor: string;
  readonly taxMinor: string;
  readonly totalMinor: string;
  /** What would be left to pay after credits. A service of an earlier version does not tell. */
  readonly dueMinor?: string;
}
