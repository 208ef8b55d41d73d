import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import { fullPeriod, type Period } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { itemsWithin, type ItemSpan, type TimeWindow } from '../domain/timeline.ts';
import type { PlanSpan, QuantitySpan, TenantEntry } from './catalogue-snapshot.ts';
import { trialEnd } from './trial.ts';

/** A part of a billing period under one plan version, half-open: the instant of a change belongs to the new one. */
export interface PeriodSpan {
  readonly plan: PlanVersion;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros;
  /** Whether it is in the tenant's trial. */
  readonly isTrial: boolean;
  /** Of fixed quantities in this span, by name and then in order of time. */
  readonly quantities: readonly ItemSpan<QuantitySpan>[];
}

/**
 * The parts of a period by the tenant's timeline of plans and the end of its trial, in order, without gap or overlap. `undefined` where a
 * part of the period has no plan: nobody could say what its usage costs.
 */
export function periodSpans(entry: TenantEntry, period: TimeWindow): readonly PeriodSpan[] | undefined {
  const parts = uncut(itemsWithin(entry.plans, period));
  const isWhole =
    parts[0]?.fromMicros === period.startMicros &&
    parts.every(({ toMicros }, index) => toMicros === (parts[index + 1]?.fromMicros ?? period.endMicros));
  if (!isWhole) return undefined;
  const trialEndMicros = trialEnd(entry) ?? -Infinity;
  return parts.flatMap(({ item, fromMicros, toMicros }) => {
    const cut = Math.min(Math.max(trialEndMicros, fromMicros), toMicros);
    return [
      { plan: item.plan, fromMicros, toMicros: cut, isTrial: true },
      { plan: item.plan, fromMicros: cut, toMicros, isTrial: false },
    ]
      .filter((span) => span.fromMicros < span.toMicros)
      .map((span) => ({ ...span, quantities: quantitiesIn(entry, span) }));
  });
}

/** A migration may leave one plan version on the timeline twice in a row: nothing changes there, and no band begins anew. */
function uncut(parts: readonly ItemSpan<PlanSpan>[]): ItemSpan<PlanSpan>[] {
  const joined: ItemSpan<PlanSpan>[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const goesOn = last?.toMicros === part.fromMicros && isSameVersion(last.item.plan, part.item.plan);
    if (last !== undefined && goesOn) joined.splice(-1, 1, { ...last, toMicros: part.toMicros });
    else joined.push(part);
  }
  return joined;
}

function isSameVersion(one: PlanVersion, other: PlanVersion): boolean {
  return one.key === other.key && one.version === other.version;
}

function quantitiesIn(
  { quantities }: TenantEntry,
  { fromMicros, toMicros }: Pick<PeriodSpan, 'fromMicros' | 'toMicros'>,
) {
  const byName = Map.groupBy(quantities, ({ name }) => name);
  return [...byName.values()].flatMap((items) => itemsWithin(items, { startMicros: fromMicros, endMicros: toMicros }));
}

/** A span as rating takes it, without its usage. What there is none of is left out, so that inputs say no more than they must. */
export function spanTexts({ plan, fromMicros, toMicros, isTrial, quantities }: PeriodSpan) {
  const held = quantities.map((span) => ({
    key: span.item.name,
    from: formatInstant(span.fromMicros),
    to: formatInstant(span.toMicros),
    quantity: span.item.quantity,
  }));
  return {
    from: formatInstant(fromMicros),
    to: formatInstant(toMicros),
    planVersion: plan,
    ...(isTrial ? { trial: true as const } : {}),
    ...(held.length === 0 ? {} : { quantities: held }),
  };
}

/** The full period that fees are for: it goes on behind a last period that is cut, and begins before one that a change has shortened. */
export function feePeriodOf({ calendar }: TenantEntry, period: Period): TimeWindow {
  return fullPeriod(calendar, period);
}
