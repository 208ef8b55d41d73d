import type { JsonObject } from '../domain/event.ts';
import type { InstantText } from '../domain/instant.ts';
import type { Charge } from '../domain/plan.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { CalendarView } from './calendar-types.ts';

/** One change that applying a catalogue file makes, or would make. */
export interface CatalogueChange {
  readonly kind: string;
  readonly key: string;
  readonly action: 'created' | 'new_version' | 'updated' | 'unchanged';
  /** `version`, `changed` (fields with from and to), `note`, and of a plan `prices` (in words) and `staying`, where they say something. */
  readonly details: JsonObject;
}

/** What applying a catalogue file did. */
export interface ApplyAnswer {
  readonly changes: readonly CatalogueChange[];
  readonly catalogueVersion: number;
}

/** What counting a meter back did. */
export interface CountBackAnswer {
  readonly meter: string;
  /** Events that it has read now. */
  readonly counted: number;
  /** Events whose value it cannot read. */
  readonly unreadable: number;
  /** Where to go on; `null`: all is counted. */
  readonly nextCursor: string | null;
}

/** A tenant as the API shows it. */
export interface TenantView extends Tenant {
  /** The plan that governs it now. */
  readonly plan: { readonly key: string; readonly version: number } | null;
  /** Its plan versions in order of time. */
  readonly items: readonly {
    readonly planKey: string;
    readonly planVersion: number;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** What it holds beside its plan, by key and then in order of time. */
  readonly addOns: readonly {
    readonly planKey: string;
    readonly planVersion: number;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** Charges of its own, as a plan has them, by key and then in order of time. */
  readonly prices: readonly {
    readonly charge: Charge;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** What it holds of fixed quantities, by name and then in order of time. */
  readonly quantities: readonly {
    readonly name: string;
    readonly quantity: string;
    readonly validFrom: InstantText;
    readonly validTo: InstantText | null;
  }[];
  /** Until then nothing is due; `null`: it has no trial. */
  readonly trialEndsAt: InstantText | null;
  /** By what its periods are counted now (the tenant's own `billingStart` and `periodLength` are the first), and every change of that. */
  readonly calendar: CalendarView;
  /** The billing period that runs now. */
  readonly period: { readonly start: InstantText; readonly end: InstantText } | null;
  /** Periods that end at or before it take no more events. */
  readonly sealedThrough: InstantText;
}
