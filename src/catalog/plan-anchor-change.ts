import { EARLY_TOLERANCE_MINUTES } from '../domain/event.ts';
import {
  formatInstant,
  type InstantText,
  MICROS_PER_MINUTE,
  requireInstant,
  type EpochMicros,
} from '../domain/instant.ts';
import {
  type BillingCalendar,
  type CalendarChange,
  ordinalAt,
  type Period,
  periodAfter,
  periodAt,
} from '../domain/period.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import type { CatalogueSnapshot, TenantEntry } from './catalogue-snapshot.ts';
import { ChangeRefusedError } from './change-refused-error.ts';
import { requireTenant } from './change-tenant.ts';

/** A tenant's periods are to be counted from another anchor. */
export interface AnchorOrder {
  readonly tenant: string;
  /** Any instant at which a period would begin, also an earlier or a later one. */
  readonly anchor: InstantText;
  /** Left out: as it is then. */
  readonly length?: PeriodLength;
  /** The end of the open period or of a later one. Left out: the first of them from which it may hold. */
  readonly from?: EpochMicros;
}

/** What periods are counted by. */
export type Counting = Pick<CalendarChange, 'anchor' | 'length'>;

/** What an anchor change comes to. */
export interface PlannedAnchorChange {
  readonly tenant: string;
  /** Just before the change. */
  readonly before: Counting;
  readonly change: CalendarChange;
  readonly calendar: BillingCalendar;
  /** Where the calendars part: until then an event lies in the same period by both. */
  readonly differsFromMicros: EpochMicros;
  /** Changes that were planned for later and are dropped. */
  readonly dropped: readonly CalendarChange[];
  /** Whether the calendar says all this already. */
  readonly isUnchanged: boolean;
}

/** Changes of one tenant's calendar that hold at a time. */
const CHANGES_MAX = 100;
/** Periods that are looked at for the first possible one: those of a minute that begin before it is late enough, and the shorter one. */
const BOUNDARIES_MAX = EARLY_TOLERANCE_MINUTES + 10;
/**
 * Ingest takes events some minutes ahead of its clock, by the calendar that a process has in memory until it hears of the change, and two clocks
 * may differ. No event that comes before all of that is over may lie in another period by the new calendar than by the old one.
 */
const LEAD_MICROS = (EARLY_TOLERANCE_MINUTES + 2) * MICROS_PER_MINUTE;

/**
 * What an anchor change would come to: pure, so that a preview is the same code without the last step.
 *
 * @throws ChangeRefusedError saying why it cannot be, and the cure
 */
export function planAnchorChange(
  snapshot: CatalogueSnapshot,
  order: AnchorOrder,
  nowMicros: EpochMicros,
): PlannedAnchorChange {
  const entry = requireTenant(snapshot, order.tenant);
  const possible = firstPossible(entry, order, nowMicros);
  if (order.from === undefined) return possible;
  const planned = plannedFrom(entry, order, periodFrom(entry, order.from));
  const isOpen = order.from < firstBoundary(entry, nowMicros);
  if (!isOpen && (planned.isUnchanged || planned.differsFromMicros >= nowMicros + LEAD_MICROS)) return planned;
  const reason = isOpen ? 'that period is over or open' : 'events of the periods behind it may be on their way';
  const message = `${planned.change.startsAt}: ${reason}; choose ${possible.change.startsAt} or a later boundary`;
  throw new ChangeRefusedError('boundary_too_near', message);
}

/** The first boundary that a change may be wanted from: where the open period ends, or billing begins. */
function firstBoundary({ tenant, calendar, billingStartMicros, endsAtMicros, gate }: TenantEntry, now: EpochMicros) {
  if (now < billingStartMicros) return billingStartMicros;
  // What is sealed is over by another clock, whatever this one says.
  const open = periodAt(calendar, Math.max(now, gate.sealedThroughMicros - 1));
  if (open === undefined || open.endMicros === endsAtMicros) throw tenantEnded(tenant.id, endsAtMicros);
  return open.endMicros;
}

function firstPossible(entry: TenantEntry, order: AnchorOrder, nowMicros: EpochMicros): PlannedAnchorChange {
  let period = periodAt(entry.calendar, firstBoundary(entry, nowMicros));
  for (let looked = 0; period !== undefined && looked < BOUNDARIES_MAX; looked += 1) {
    const planned = plannedFrom(entry, order, period);
    if (planned.isUnchanged || planned.differsFromMicros >= nowMicros + LEAD_MICROS) return planned;
    period = periodAfter(entry.calendar, period);
  }
  throw tenantEnded(order.tenant, entry.endsAtMicros);
}

/** The period that begins at a boundary which somebody has chosen. */
function periodFrom({ tenant, calendar, billingStartMicros, endsAtMicros }: TenantEntry, from: EpochMicros): Period {
  if (from < billingStartMicros) {
    const message = `the billing of tenant ${tenant.id} begins at ${formatInstant(billingStartMicros)}: choose that instant or a later boundary`;
    throw new ChangeRefusedError('before_start', message);
  }
  const period = periodAt(calendar, from);
  if (period === undefined) throw tenantEnded(tenant.id, endsAtMicros);
  if (period.startMicros === from) return period;
  const [start, end] = [formatInstant(period.startMicros), formatInstant(period.endMicros)];
  const message = `no period of tenant ${tenant.id} begins at ${formatInstant(from)}: choose ${start} or ${end}`;
  throw new ChangeRefusedError('no_boundary', message);
}

/** The change from the start of a period on, whenever that is. */
function plannedFrom({ tenant, calendar }: TenantEntry, order: AnchorOrder, period: Period): PlannedAnchorChange {
  const { startMicros } = period;
  const startsAt = formatInstant(startMicros);
  const { changes = [], ...begun } = calendar;
  const kept = changes.filter((one) => requireInstant(one.startsAt) < startMicros);
  const dropped = changes.slice(kept.length);
  const before = kept.at(-1) ?? begun;
  const holding = dropped[0]?.startsAt === startsAt ? dropped[0] : before;
  const until = kept.length === 0 ? begun : { ...begun, changes: kept };
  const change = {
    ordinal: ordinalAt(until, startMicros),
    startsAt,
    anchor: formatInstant(requireInstant(order.anchor)),
    length: order.length ?? holding.length,
  };
  const isSame = holding.anchor === change.anchor && holding.length === change.length;
  if (!isSame && kept.length >= CHANGES_MAX) {
    const message = `the calendar of tenant ${tenant.id} was changed ${CHANGES_MAX} times: define another tenant`;
    throw new ChangeRefusedError('too_many_changes', message);
  }
  const changed = { ...begun, changes: [...kept, change] };
  const endMicros = periodAt(changed, startMicros)?.endMicros ?? startMicros;
  const isUnchanged = isSame && dropped.every((one) => one === holding);
  return {
    tenant: tenant.id,
    before: { anchor: before.anchor, length: before.length },
    change,
    calendar: isUnchanged ? calendar : changed,
    differsFromMicros: Math.min(period.endMicros, endMicros),
    dropped: isUnchanged ? [] : dropped,
    isUnchanged,
  };
}

function tenantEnded(tenant: string, endsAtMicros: EpochMicros | null): ChangeRefusedError {
  const end = endsAtMicros === null ? '' : ` at ${formatInstant(endsAtMicros)}`;
  const message = `the billing of tenant ${tenant} ends${end}, and no period that could change begins before`;
  return new ChangeRefusedError('tenant_ended', message);
}
