import { inputsOfSpans } from '../../src/api/rate-open-period.ts';
import type { TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import { addOnSpans, type PeriodSpan, periodSpans, spanTexts } from '../../src/catalog/period-spans.ts';
import { type EpochMicros, formatInstant, requireInstant } from '../../src/domain/instant.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { type BillingCalendar, type Period, periodAfter, periodAt, periodBoundary } from '../../src/domain/period.ts';
import type { PeriodLength } from '../../src/domain/period-length.ts';
import type { PlanVersion } from '../../src/domain/plan.ts';
import type { TimelineItem } from '../../src/domain/timeline.ts';
import type { RatedSpan, RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleCharge, sampleMeter } from '../rating/sample-inputs.ts';

/** A tenant's timeline, billed period by period without a store. */

/** What of a tenant decides its fees. */
export interface FeeTenant {
  readonly billingStart: string;
  readonly endsAt: string;
  readonly timeZone?: string;
  readonly periodLength: PeriodLength;
  readonly trialDays?: number;
  /** Which plan holds from when on. */
  readonly plans: readonly (readonly [plan: PlanVersion, from: string])[];
  /** Beside it, by key and then in order of time; `null`: for good. */
  readonly addOns?: readonly (readonly [plan: PlanVersion, from: string, to: string | null])[];
  /** A price of its own on calls that nobody made, in whatever plan it is under. */
  readonly price?: readonly [from: string, to: string];
  /** From which of its periods on they are counted from another anchor, by another length. */
  readonly recount?: { readonly ordinal: number; readonly anchor: string; readonly length: PeriodLength };
  /** How many are held from when on, by name; in order of time. */
  readonly held?: Readonly<Record<string, readonly (readonly [quantity: string, from: string])[]>>;
}

/** A plan of nothing else than what is given. */
export function feePlan(changes: Partial<PlanVersion>): PlanVersion {
  return {
    key: 'team',
    version: 1,
    name: 'Team',
    currency: 'USD',
    baseFee: '0',
    charges: [],
    limits: [],
    ...changes,
  };
}

/** The tenant as the catalogue would have it. */
export function entryOf(tenant: FeeTenant): TenantEntry {
  const { billingStart, endsAt, timeZone = 'UTC', trialDays, held = {} } = tenant;
  const terms = { currency: 'USD', timeZone, billTo: 'acme', taxRates: [], paymentTermsDays: 0 };
  const plans = tenant.plans.map(([plan, from], index) => {
    return { plan, ...holds(from, tenant.plans[index + 1]?.[1]) };
  });
  const quantities = Object.entries(held).flatMap(([name, items]) =>
    items.map(([quantity, from], index) => ({ name, quantity, ...holds(from, items[index + 1]?.[1]) })),
  );
  const entry = {
    tenant: { id: 'acme', ...terms, buyer: NOBODY, ...(trialDays === undefined ? {} : { trialDays }) },
    calendar: calendarOf(tenant),
    billingStartMicros: requireInstant(billingStart),
    endsAtMicros: requireInstant(endsAt),
    plans,
    quantities,
    addOns: (tenant.addOns ?? []).map(([plan, from, to]) => ({ plan, ...holds(from, to ?? undefined) })),
    prices: tenant.price === undefined ? [] : [{ charge: CALLS, ...holds(...tenant.price) }],
  };
  // What is left out is of no use to prices.
  return entry as unknown as TenantEntry;
}

function calendarOf({ billingStart, endsAt, timeZone = 'UTC', periodLength, recount }: FeeTenant): BillingCalendar {
  const calendar = { timeZone, anchor: billingStart, length: periodLength, endsAt };
  if (recount === undefined) return calendar;
  const startsAt = formatInstant(periodBoundary(calendar, recount.ordinal));
  return { ...calendar, changes: [{ ...recount, startsAt }] };
}

const CALLS = sampleCharge('calls', { model: 'per_unit', unitPrice: '1' });
const METERS = new Map([['calls', sampleMeter('calls')]]);
const NOBODY = { name: 'Nobody', addressLines: [], taxIds: [] };

function holds(from: string, to: string | undefined): TimelineItem {
  return { fromMicros: requireInstant(from), toMicros: to === undefined ? null : requireInstant(to) };
}

/** The recorded inputs of one period, by what the timeline says. */
export function inputsOf(entry: TenantEntry, period: Period): RatingInputs {
  const held = { spans: rated(periodSpans(entry, period) ?? []), addOns: rated(addOnSpans(entry, period)) };
  return inputsOfSpans({ meters: METERS, issuer: NOBODY }, entry, period, held);
}

/** The bill of one period. */
export function billOf(entry: TenantEntry, period: Period): InvoiceContent {
  const result = rateInvoice(inputsOf(entry, period));
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

/** Spans in which nothing was used. */
function rated(spans: readonly PeriodSpan[]): readonly RatedSpan[] {
  return spans.map((span) => ({ ...spanTexts(span), usage: [] }));
}

/** All periods of a tenant whose billing ends. */
export function periodsOf({ calendar, billingStartMicros }: TenantEntry): readonly Period[] {
  const periods: Period[] = [];
  for (
    let period = periodAt(calendar, billingStartMicros);
    period !== undefined;
    period = periodAfter(calendar, period)
  ) {
    periods.push(period);
  }
  return periods;
}

/** The timeline as it was known before anybody asked for what comes at an instant or later. */
export function knownBefore(entry: TenantEntry, endMicros: EpochMicros): TenantEntry {
  const known = <Item extends TimelineItem>(items: readonly Item[]): Item[] =>
    items
      .filter(({ fromMicros }) => fromMicros < endMicros)
      .map((item) => (item.toMicros !== null && item.toMicros < endMicros ? item : { ...item, toMicros: null }));
  const { plans, addOns, quantities, prices } = entry;
  return {
    ...entry,
    plans: known(plans),
    addOns: known(addOns),
    quantities: known(quantities),
    prices: known(prices),
  };
}

/** The lines of a bill as a few words each: its start, then `key amountMinor`. */
export function billTexts(entry: TenantEntry): readonly string[] {
  return periodsOf(entry).flatMap((period) => {
    const lines = billOf(entry, period).lines.map(({ key, amountMinor }) => `${key} ${amountMinor}`);
    return [formatInstant(period.startMicros).slice(0, 10), ...lines.map((line) => `  ${line}`)];
  });
}
