import type { PeriodLength } from '../domain/period-length.ts';

/** What a tenant's periods are to be counted from. */
export interface AnchorInput {
  /** An RFC 3339 instant at which a period would begin, also an earlier or a later one. */
  readonly anchor: string;
  /** Left out: as it is then. */
  readonly periodLength?: PeriodLength | undefined;
  /** The end of the open period, or a later boundary. Left out: the first from which it may hold. */
  readonly from?: string | undefined;
  readonly reason?: string | undefined;
  /** Answer what the periods would be, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What periods are counted by. */
export interface CountingView {
  readonly anchor: string;
  readonly periodLength: PeriodLength;
}

/** By what periods are counted now, and every change of that. */
export interface CalendarView extends CountingView {
  readonly changes: readonly (CountingView & { readonly from: string })[];
}

/** What an anchor change did, or would do. */
export interface AnchorChangeView {
  readonly dryRun: boolean;
  readonly tenant: string;
  /** The start of the first period that it makes. */
  readonly from: string;
  readonly before: CountingView;
  readonly after: CountingView;
  /** Whether the calendar said so already. */
  readonly unchanged: boolean;
  /** Changes that were planned for later and are not any more. */
  readonly dropped: readonly (CountingView & { readonly from: string })[];
  /** The period before the change, and those behind it. */
  readonly periods: readonly {
    readonly start: string;
    readonly end: string;
    /** The period that its fees are a part of; `null` where it is whole. */
    readonly partOf: { readonly start: string; readonly end: string } | null;
  }[];
  readonly catalogueVersion: number;
}
