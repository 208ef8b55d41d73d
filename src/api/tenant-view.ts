import { trialEnd } from '../catalog/trial.ts';
import { planAt } from '../catalog/catalogue-snapshot.ts';
import type { PlanSpan, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros, InstantText } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import type { Charge } from '../domain/plan.ts';
import type { Tenant } from '../domain/tenant.ts';
import { type PeriodTexts, periodTexts } from '../domain/window-texts.ts';
import { type CalendarView, calendarView } from './calendar-view.ts';

/** A tenant as the API shows it. */
export interface TenantView extends Tenant {
  /** The plan that governs it now; before it begins its first, after it ends its last. */
  readonly plan: { readonly key: string; readonly version: number } | null;
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
  /** Charges of its own, by key and then in order of time. */
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
  /** By what its periods are counted now, and every change of that; its own `billingStart` and `periodLength` are the first. */
  readonly calendar: CalendarView;
  /** The billing period that runs now. */
  readonly period: PeriodTexts | null;
  /** Periods that end at or before it take no more events. */
  readonly sealedThrough: InstantText;
}

/** What the catalogue has of a tenant, seen at an instant. */
export function tenantView(entry: TenantEntry, atMicros: EpochMicros): TenantView {
  const plan = planAt(entry, Math.max(atMicros, entry.billingStartMicros)) ?? entry.plans.at(-1)?.plan;
  const period = periodAt(entry.calendar, atMicros);
  return {
    ...entry.tenant,
    plan: plan === undefined ? null : { key: plan.key, version: plan.version },
    items: entry.plans.map(itemView),
    addOns: entry.addOns.map(itemView),
    prices: entry.prices.map(({ charge, fromMicros, toMicros }) => ({
      charge,
      validFrom: formatInstant(fromMicros),
      validTo: textOf(toMicros),
    })),
    quantities: entry.quantities.map(({ name, quantity, fromMicros, toMicros }) => ({
      name,
      quantity,
      validFrom: formatInstant(fromMicros),
      validTo: textOf(toMicros),
    })),
    trialEndsAt: textOf(trialEnd(entry)),
    calendar: calendarView(entry, atMicros),
    period: period === undefined ? null : periodTexts(period),
    sealedThrough: formatInstant(entry.gate.sealedThroughMicros),
  };
}

function itemView({ plan, fromMicros, toMicros }: PlanSpan) {
  return {
    planKey: plan.key,
    planVersion: plan.version,
    validFrom: formatInstant(fromMicros),
    validTo: textOf(toMicros),
  };
}

function textOf(micros: EpochMicros | null | undefined): InstantText | null {
  return micros === undefined || micros === null ? null : formatInstant(micros);
}
