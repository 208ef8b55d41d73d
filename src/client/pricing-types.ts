import type { InstantText } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceLine } from '../domain/invoice.ts';

/** Which price list: a stored one, or one of a catalogue file that is not applied. */
export interface PlanQuestion {
  /** `KEY` or `KEY@VERSION`, without a version the newest; the key of a plan of the file where there is one. */
  readonly plan?: string | undefined;
  /** Text of a catalogue file. Its meters and plans are laid over the stored ones. */
  readonly catalogue?: string | undefined;
  /** How the file is called in problems. */
  readonly file?: string | undefined;
}

/** Usage of one charge, or of each charge on a meter. Whole units, plain decimals. */
export interface GivenUsage {
  readonly charge?: string | undefined;
  readonly meter?: string | undefined;
  readonly quantity?: string | undefined;
  /** For charges that price values of dimensions, hours or days. */
  readonly parts?: readonly {
    readonly values?: Readonly<Record<string, string>> | undefined;
    readonly bucket?: InstantText | undefined;
    readonly quantity: string;
  }[];
  /** For charges that price each event: the values of the events, in order. */
  readonly amounts?: readonly string[];
}

/** What `POST /v1/pricing/simulate` asks: what would this be billed? */
export interface SimulateInput extends PlanQuestion {
  /** With usage: whose taxes. Without: whose past period. */
  readonly tenant?: string | undefined;
  readonly usage?: readonly GivenUsage[] | undefined;
  /** `last` (without usage the default), `open`, or the instant at which a period starts. */
  readonly period?: string | undefined;
}

/** A bill that is not made. */
export interface SimulatedBillView {
  readonly plan: SimulatedPlanView;
  readonly tenant: string | null;
  readonly period: { readonly start: InstantText; readonly end: InstantText };
  readonly currency: string;
  /** As an invoice has them, with the amount in major units and the arithmetic as a sentence. */
  readonly lines: readonly (InvoiceLine & { readonly amount: string; readonly sentence: string })[];
  readonly subtotalMinor: string;
  readonly taxLines: InvoiceContent['taxLines'];
  readonly taxMinor: string;
  readonly totalMinor: string;
  readonly total: string;
  /** Of a past period: the invoice that billed it; `null` when there is none. */
  readonly billed?: { readonly invoice: string; readonly totalMinor: string; readonly total: string } | null;
}

/** The plan that was rated with. */
export interface SimulatedPlanView {
  readonly key: string;
  readonly version: number;
  readonly name: string;
  /** False for a plan that only the question had. */
  readonly stored: boolean;
}

/** What `POST /v1/pricing/compare` asks: what would each tenant have been billed? */
export interface CompareInput extends PlanQuestion {
  /** `last` when absent. */
  readonly period?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** One tenant's bill of a period, and what it would have been. Tax included, credits not drawn. */
export interface PlanComparisonView {
  readonly tenant: string;
  readonly currency: string;
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  readonly plan: { readonly key: string; readonly version: number } | null;
  /** `null`: none was issued, and `billed` is what it would say. */
  readonly invoice: string | null;
  readonly billedMinor: string | null;
  readonly wouldBeMinor: string | null;
  readonly differenceMinor: string | null;
  /** The same in major units. */
  readonly billed: string | null;
  readonly wouldBe: string | null;
  readonly difference: string | null;
  readonly problems: readonly string[];
}

/** A page of tenants, in order of their ids. */
export interface ComparePage {
  readonly plan: SimulatedPlanView;
  readonly asOf: InstantText;
  /** How many there are on all pages. */
  readonly tenants: number;
  readonly data: readonly PlanComparisonView[];
  readonly nextCursor: string | null;
}
