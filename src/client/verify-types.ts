import type { JsonObject } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { PageQuery } from './page-types.ts';

/** One figure on which counters, journal, rollups and raw rows do not agree. Plain decimals. */
export interface CounterDifferenceView {
  readonly tenant: string;
  /** Start of the accounting period. */
  readonly period: InstantText;
  /** Start of the usage period; another one for late usage. */
  readonly usagePeriod: InstantText;
  readonly meter: string;
  readonly figure: 'quantity' | 'events';
  /** `null`: the counters are void, or keep no such figure. */
  readonly counter: string | null;
  /** Accepted, and not in the ledger yet. */
  readonly journal: string;
  /** By the hour. */
  readonly rollup: string;
  readonly dailyRollup: string;
  readonly raw: string;
  /** Counted, and not in the ledger for a reason that is recorded. */
  readonly setAside: string;
  /** counter − (raw + journal + setAside). */
  readonly drift: string | null;
  /** Dead letters that nobody can read and that may be usage of this tenant. */
  readonly unreadable: number;
}

/** How much an audit of counters has compared. */
export interface CounterAuditSum {
  readonly tenants: number;
  readonly compared: number;
  /** Tenants whose counters are void: only rollups and raw rows were compared. */
  readonly voidTenants: number;
  readonly differences: number;
}

/** One line of the answer of `POST /v1/verify/counters`. */
export interface CounterAuditLine {
  readonly progress?: CounterAuditSum;
  readonly difference?: CounterDifferenceView;
  readonly result?: CounterAuditSum & { readonly isEqual: boolean };
}

/** What walking one shard's hash chain found. */
export interface ShardWalkView {
  readonly shard: number;
  readonly isWhole: boolean;
  readonly links: number;
  readonly rows: number;
  /** SHA-256 in hex: compare it with a tip that was printed on an invoice, to see a cut tail. */
  readonly tip: string;
  readonly problems: readonly string[];
}

/** One line of the answer of `POST /v1/verify/ledger`. */
export interface LedgerWalkLine {
  readonly progress?: { readonly shard: number; readonly links: number; readonly rows: number };
  readonly shard?: ShardWalkView;
  readonly result?: { readonly isWhole: boolean; readonly links: number; readonly rows: number };
}

/** Something that went wrong with the stores themselves. */
export interface IncidentView {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string | null;
  readonly shard: number | null;
  readonly details: JsonObject;
  readonly at: InstantText;
  /** `null` while nobody has dealt with it. */
  readonly resolvedAt: InstantText | null;
  /** The id of the key that resolved it. */
  readonly resolvedBy: string | null;
  readonly resolution: string | null;
}

/** Which incidents: by default the open ones. */
export interface IncidentsQuery extends PageQuery {
  /** Also those that were resolved. */
  readonly resolved?: boolean | undefined;
  readonly kind?: string | undefined;
  readonly tenant?: string | undefined;
}
