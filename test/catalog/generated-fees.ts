import * as fc from 'fast-check';

import type { TenantEntry } from '../../src/catalog/catalogue-snapshot.ts';
import { trialEnd } from '../../src/catalog/trial.ts';
import {
  type EpochMicros,
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  requireInstant,
} from '../../src/domain/instant.ts';
import { type BillingCalendar, periodBoundary } from '../../src/domain/period.ts';
import type { PeriodLength } from '../../src/domain/period-length.ts';
import type { FixedQuantityPrice, PlanVersion } from '../../src/domain/plan.ts';
import { exact, Exact, ZERO } from '../../src/rating/exact.ts';
import { entryOf, feePlan, type FeeTenant } from './cadence-bills.ts';

/** Timelines of fees with cadences of their own, made up, and what they owe. */

const seats = (unitPrice: string, every: PeriodLength) => {
  const price = { model: 'per_unit', unitPrice } as const;
  return { key: 'seats', description: 'Seats', unit: 'seat', price, every };
};

/** In bands: the sixth and more cost less, and each band has a fee of its own. */
const banded = (model: 'graduated' | 'volume', prices: readonly [string, string], every: PeriodLength) => {
  const bands = prices.map((unitPrice, index) => {
    return { upTo: index === 0 ? '5' : null, unitPrice, flatFee: index === 0 ? '36' : '48' };
  });
  return { ...seats('0', every), price: { model, bands, flatAtZero: false } };
};

const PLANS: readonly PlanVersion[] = [
  feePlan({ baseFee: '1200', baseFeeEvery: 'year', baseFeeDue: 'advance', fixedQuantities: [seats('120', 'year')] }),
  feePlan({ version: 2, baseFee: '99.99', baseFeeEvery: 'month', baseFeeDue: 'advance' }),
  feePlan({ version: 3, baseFee: '1500', baseFeeEvery: 'year', fixedQuantities: [seats('7', 'month')] }),
  feePlan({ key: 'solo', baseFee: '10', baseFeeEvery: 'week', fixedQuantities: [seats('365', 'year')] }),
  feePlan({ key: 'pair', baseFee: '0.07', baseFeeEvery: 'day', baseFeeDue: 'advance' }),
  feePlan({ key: 'none' }),
  feePlan({ key: 'bands', fixedQuantities: [banded('graduated', ['240', '120'], 'year')] }),
  feePlan({ key: 'bands', version: 2, fixedQuantities: [banded('graduated', ['60', '99'], 'month')] }),
  feePlan({ key: 'volume', fixedQuantities: [banded('volume', ['240', '150'], 'year')] }),
  feePlan({ key: 'volume', version: 2, fixedQuantities: [banded('volume', ['99', '120'], 'year')] }),
];
const ADD_ON = feePlan({ key: 'support', addOn: true, baseFee: '600', baseFeeEvery: 'year', baseFeeDue: 'advance' });

const SPAN_DAYS: Readonly<Partial<Record<PeriodLength, number>>> = { month: 900, week: 400, day: 50 };

/** What a timeline is made of. */
export interface Choices {
  readonly timeZone: string;
  readonly startMicros: EpochMicros;
  readonly periodLength: PeriodLength;
  readonly trialDays: number;
  /** Thousandths of the time that is billed. */
  readonly end: number;
  readonly plans: readonly (readonly [plan: number, at: number, isAtPeriod: boolean])[];
  readonly held: readonly (readonly [quantity: number, at: number, isAtPeriod: boolean])[];
  /** When a price of its own begins and ends, which cuts the spans of bills and no fee. */
  readonly price: readonly [number, number] | null;
  /** From which period on bills are counted anew; no fee is. */
  readonly recount: NonNullable<FeeTenant['recount']> | null;
  /** When it is given and taken away, in turn. */
  readonly addOn: readonly (readonly [at: number, isAtPeriod: boolean])[];
}

const FIRST = requireInstant('2023-01-01T00:00:00Z');
const places = fc.integer({ min: 1, max: 999 });
/** Timelines of all kinds. */
export const choices: fc.Arbitrary<Choices> = fc.record({
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu'),
  startMicros: fc.nat(2 * 365 * 1_440).map((minutes) => FIRST + minutes * MICROS_PER_MINUTE),
  periodLength: fc.constantFrom('month', 'week', 'day'),
  trialDays: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
  end: fc.integer({ min: 300, max: 1_000 }),
  plans: fc.array(fc.tuple(fc.nat(PLANS.length - 1), places, fc.boolean()), { minLength: 1, maxLength: 5 }),
  held: fc.array(fc.tuple(fc.nat(9), places, fc.boolean()), { maxLength: 4 }),
  addOn: fc.array(fc.tuple(places, fc.boolean()), { maxLength: 4 }),
  price: fc.option(fc.tuple(places, places).filter(([from, to]) => from < to)),
  recount: fc.option(
    fc.record({
      ordinal: fc.integer({ min: 1, max: 6 }),
      anchor: fc.constantFrom('2024-02-29T12:00:00Z', '2025-01-31T00:00:00Z'),
      length: fc.constantFrom('month', 'week'),
    }),
  ),
});

/** Timelines of nothing but seats in bands, under one plan, and billed so often that hardly any of their time is used up. */
export const bandedSeats: fc.Arbitrary<Choices> = fc
  .tuple(choices, fc.integer({ min: PLANS.length - 4, max: PLANS.length - 1 }))
  .map(([chosen, plan]) => ({ ...chosen, plans: [[plan, 1, false]], addOn: [], periodLength: 'day', trialDays: 0 }));

/** The tenant that they make. */
export function entryFrom({ startMicros, timeZone, periodLength, trialDays, ...chosen }: Choices): TenantEntry {
  const days = SPAN_DAYS[periodLength] ?? 0;
  const calendar = { timeZone, anchor: formatInstant(startMicros), length: periodLength, endsAt: null };
  const at = (place: number): EpochMicros => startMicros + Math.floor((place * days * MICROS_PER_DAY) / 1_000);
  // Many changes lie exactly where one bill ends and the next begins.
  const instant = (place: number, isAtPeriod: boolean): string =>
    formatInstant(isAtPeriod ? boundaryAfter(calendar, at(place)) : at(place));
  const inOrder = <Item>(items: readonly (readonly [Item, number, boolean])[]) => {
    const byInstant = new Map(items.map(([item, place, isAtPeriod]) => [instant(place, isAtPeriod), item] as const));
    return [...byInstant]
      .map(([from, item]) => [item, from] as const)
      .toSorted(([, one], [, other]) => requireInstant(one) - requireInstant(other));
  };
  const endsAt = formatInstant(at(chosen.end));
  const before = (from: string): boolean => requireInstant(from) < requireInstant(endsAt);
  const [first, ...others] = chosen.plans;
  const ends = inOrder(chosen.addOn.map(([place, isAtPeriod]) => [place, place, isAtPeriod])).map(([, from]) => from);
  const tenant: FeeTenant = {
    billingStart: formatInstant(startMicros),
    endsAt,
    timeZone,
    periodLength,
    ...(trialDays === 0 ? {} : { trialDays }),
    plans: [
      [planAt(first?.[0]), formatInstant(startMicros)],
      ...inOrder(others.map(([plan, ...rest]) => [planAt(plan), ...rest])).filter(([, from]) => before(from)),
    ],
    ...(chosen.price === null
      ? {}
      : { price: [formatInstant(at(chosen.price[0])), formatInstant(at(chosen.price[1]))] }),
    ...(chosen.recount === null ? {} : { recount: chosen.recount }),
    addOns: [0, 2].flatMap((place) => {
      const from = ends[place];
      return from !== undefined && before(from) ? [[ADD_ON, from, ends[place + 1] ?? null] as const] : [];
    }),
    held: { seats: inOrder(chosen.held.map(([count, ...rest]) => [String(count), ...rest])) },
  };
  return entryOf(tenant);
}

function planAt(index: number | undefined): PlanVersion {
  const plan = PLANS[index ?? 0];
  if (plan === undefined) throw new Error(`there is no plan ${index}`);
  return plan;
}

function boundaryAfter(calendar: BillingCalendar, atMicros: EpochMicros): EpochMicros {
  for (let ordinal = 0; ; ordinal += 1) {
    const boundary = periodBoundary(calendar, ordinal);
    if (boundary >= atMicros) return boundary;
  }
}

/** What the timeline owes, version by version, without a thought of bills. */
export function owed(entry: TenantEntry): Exact {
  return Exact.sum(
    [entry.plans, entry.addOns].map(heldVersions).flatMap((timeline) =>
      timeline.map((item, index) => {
        let first = index;
        while (
          timeline[first - 1]?.plan.key === item.plan.key &&
          timeline[first - 1]?.toMicros === timeline[first]?.fromMicros
        ) {
          first -= 1;
        }
        const begins = Math.max(timeline[first]?.fromMicros ?? 0, trialEnd(entry) ?? 0);
        const held = {
          from: Math.max(item.fromMicros, begins),
          to: Math.min(item.toMicros ?? Infinity, entry.endsAtMicros ?? 0),
        };
        return owedOfVersion(entry, item.plan, begins, held);
      }),
    ),
  );
}

type HeldVersion = TenantEntry['plans'][number];

/** A version that follows upon itself is held once: fees of its bands are due once. */
function heldVersions(timeline: readonly HeldVersion[]): readonly HeldVersion[] {
  const versions: HeldVersion[] = [];
  for (const item of timeline) {
    const last = versions.at(-1);
    const isSame = last?.plan === item.plan && last.toMicros === item.fromMicros;
    versions.push(isSame ? { ...item, fromMicros: versions.pop()?.fromMicros ?? item.fromMicros } : item);
  }
  return versions;
}

interface Held {
  readonly from: EpochMicros;
  readonly to: EpochMicros;
}

function owedOfVersion(entry: TenantEntry, plan: PlanVersion, begins: EpochMicros, held: Held): Exact {
  const base =
    plan.baseFeeEvery === undefined
      ? []
      : partsOf(entry, plan.baseFeeEvery, begins, held).map(({ share }) => share(held).times(exact(plan.baseFee)));
  const ofSeats = (plan.fixedQuantities ?? []).flatMap(({ price, every }) => {
    if (every === undefined) throw new Error('only such seats are generated');
    return partsOf(entry, every, begins, held).map((part) => owedOfSeats(entry, price, part));
  });
  return Exact.sum([...base, ...ofSeats]);
}

/** A period of a fee, as far as a version holds in it. */
interface Part extends Held {
  /** How much of the fee's period a time takes up of it. */
  readonly share: (time: Held) => Exact;
}

function partsOf(entry: TenantEntry, every: PeriodLength, begins: EpochMicros, held: Held): readonly Part[] {
  const calendar = {
    timeZone: entry.calendar.timeZone,
    anchor: formatInstant(begins),
    length: every,
    endsAt: null,
  };
  const parts: Part[] = [];
  for (let ordinal = 0; begins < held.to; ordinal += 1) {
    const [start, end] = [periodBoundary(calendar, ordinal), periodBoundary(calendar, ordinal + 1)];
    if (start >= held.to) break;
    const [from, to] = [Math.max(start, held.from), Math.min(end, held.to)];
    const share = (time: Held): Exact => {
      const overlap = Math.min(time.to, to) - Math.max(time.from, from);
      return Exact.ratio(BigInt(Math.max(overlap, 0)), BigInt(end - start));
    };
    if (from < to) parts.push({ from, to, share });
  }
  return parts;
}

/** Each count for its time, in bands at what each seat costs, or by volume at what the last count chooses; and fees of bands once. */
function owedOfSeats({ quantities }: TenantEntry, price: FixedQuantityPrice, part: Part): Exact {
  const counts = quantities
    .map(({ fromMicros, toMicros, quantity }) => {
      const time = { from: fromMicros, to: toMicros ?? Infinity };
      return { time, count: Number(quantity) };
    })
    .filter(({ time }) => time.from < part.to && time.to > part.from);
  const summed = (priceOf: (count: number) => Exact): Exact =>
    Exact.sum(counts.map(({ time, count }) => priceOf(count).times(part.share(time))));
  if (price.model === 'per_unit') return summed((count) => of(count, price.unitPrice));
  const [low, high] = price.bands;
  if (low === undefined || high === undefined) throw new Error('only two bands are generated');
  const whole = part.share(part);
  const bound = Number(low.upTo);
  if (price.model === 'graduated') {
    const most = Math.max(0, ...counts.map(({ count }) => count));
    const fees = [...(most > 0 ? [low] : []), ...(most > bound ? [high] : [])];
    return Exact.sum([
      summed((count) => of(Math.min(count, bound), low.unitPrice)),
      summed((count) => of(Math.max(count - bound, 0), high.unitPrice)),
      ...fees.map(({ flatFee }) => whole.times(exact(flatFee))),
    ]);
  }
  const last = counts.at(-1)?.count ?? 0;
  const band = last > bound ? high : low;
  return summed((count) => of(count, band.unitPrice)).plus(last > 0 ? whole.times(exact(band.flatFee)) : ZERO);
}

function of(count: number, unitPrice: string): Exact {
  return exact(BigInt(count)).times(exact(unitPrice));
}
