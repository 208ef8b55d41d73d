import type { Coupon } from '../domain/coupon.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { PeriodLength } from '../domain/period-length.ts';
import type { Limit, PlanVersion } from '../domain/plan.ts';
import type { Party, TaxRate } from '../domain/tenant.ts';
import { type CalendarChangeJson, calendarChangesSql } from '../ledger/calendar-changes.ts';
import { microsSql } from '../ledger/columns.ts';
import type { PriceSpan, QuantitySpan } from './timeline-spans.ts';

/** One tenant of it. */
export interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly billingStartMicros: EpochMicros;
  readonly endsAtMicros: EpochMicros | null;
  readonly periodLength: PeriodLength;
  readonly lateWindowSeconds: number;
  readonly taxRates: readonly TaxRate[];
  readonly taxesIncluded: boolean;
  readonly taxExemption: string | null;
  readonly paymentTermsDays: number;
  readonly billTo: string;
  readonly buyer: Party;
  readonly paused: boolean;
  readonly limits: readonly Limit[];
  readonly trialDays: number | null;
  readonly planOfFile: string | null;
  readonly gateVersion: number;
  readonly sealedThroughMicros: EpochMicros;
  readonly periodsThroughMicros: EpochMicros;
  readonly calendarChanges: readonly CalendarChangeJson[] | null;
  readonly plans: readonly ItemRow[] | null;
  readonly quantities: readonly QuantitySpan[] | null;
  readonly addOns: readonly ItemRow[] | null;
  readonly prices: readonly PriceSpan[] | null;
}

/** Which plan version stands on a timeline, and when. */
export interface ItemRow {
  readonly planKey: string;
  readonly planVersion: number;
  readonly fromMicros: EpochMicros;
  readonly toMicros: EpochMicros | null;
}

/** One version of a meter. */
export interface MeterRow extends Meter {
  readonly validFromMicros: EpochMicros | null;
}

/** The catalogue as `READ_CATALOGUE` gives it: one row. */
export interface CatalogueRow {
  readonly version: number;
  readonly mode: 'test' | 'live';
  readonly issuer: Party;
  readonly digest_secret: Buffer;
  readonly meters: readonly MeterRow[];
  readonly plans: readonly PlanVersion[];
  readonly coupons: readonly Coupon[];
  readonly tenants: readonly TenantRow[];
  readonly partitions: readonly string[];
}

const PERIODS_END = `coalesce((
  select b.period_end from billing_period b where b.tenant = t.id order by b.period_start desc limit 1
), t.billing_start)`;
const PLAN_OF_ITEM = `'planKey', m.plan_key, 'planVersion', m.plan_version`;

/**
 * The items of one kind of a tenant `t`, by name and then in order of time: `withTimeline` keeps that order, whatever the database's own is.
 *
 * @param whatSql the members that say what stands on an item
 */
function itemsSql(kind: 'plan' | 'quantity' | 'add_on' | 'price', whatSql: string): string {
  return `(
        select jsonb_agg(jsonb_build_object(${whatSql},
          'fromMicros', ${microsSql('m.valid_from')},
          'toMicros', ${microsSql('m.valid_to')}) order by m.name collate "C", m.valid_from)
        from tenant_item m where m.tenant = t.id and m.kind = '${kind}'
      )`;
}

/**
 * One statement, so that version, definitions and gates belong together without a transaction of its own. JSON numbers are
 * exact here: microseconds and versions are safe integers, and decimals travel as text.
 */
export const READ_CATALOGUE = `
select
  c.version::float8 as version,
  i.mode,
  i.issuer,
  i.digest_secret,
  coalesce((
    select jsonb_agg(m.definition || jsonb_build_object('key', m.key, 'version', m.version, 'validFromMicros',
      ${microsSql('m.valid_from')}) order by m.key, m.version)
    from meter m
  ), '[]'::jsonb) as meters,
  coalesce((
    select jsonb_agg(p.definition || jsonb_build_object('key', p.key, 'version', p.version) order by p.key, p.version)
    from plan_version p
  ), '[]'::jsonb) as plans,
  coalesce((
    select jsonb_agg(k.definition || jsonb_build_object('key', k.key) order by k.key) from coupon k
  ), '[]'::jsonb) as coupons,
  coalesce((
    select jsonb_agg(jsonb_build_object(
      'id', t.id, 'name', t.name, 'currency', t.currency, 'timeZone', t.time_zone,
      'billingStartMicros', ${microsSql('t.billing_start')},
      'endsAtMicros', ${microsSql('t.ends_at')},
      'periodLength', t.period_length, 'lateWindowSeconds', t.late_window_seconds, 'taxRates', t.tax_rates,
      'taxesIncluded', t.taxes_included, 'taxExemption', t.tax_exemption,
      'paymentTermsDays', t.payment_terms_days, 'billTo', t.bill_to, 'buyer', t.buyer, 'paused', t.paused,
      'limits', t.limits, 'trialDays', t.trial_days, 'planOfFile', t.plan_of_file,
      'gateVersion', coalesce(g.version, 1),
      'sealedThroughMicros', ${microsSql('coalesce(g.sealed_through, t.billing_start)')},
      'periodsThroughMicros', ${microsSql(PERIODS_END)},
      'calendarChanges', ${calendarChangesSql('t.id')},
      'plans', ${itemsSql('plan', PLAN_OF_ITEM)},
      'quantities', ${itemsSql('quantity', `'name', m.name, 'quantity', trim_scale(m.quantity)::text`)},
      'addOns', ${itemsSql('add_on', PLAN_OF_ITEM)},
      'prices', ${itemsSql('price', `'charge', m.charge`)}) order by t.id)
    from tenant t left join gate g on g.tenant = t.id
  ), '[]'::jsonb) as tenants,
  coalesce((
    select jsonb_agg(child.relname order by child.relname)
    from pg_inherits link join pg_class child on child.oid = link.inhrelid
    where link.inhparent = 'usage_event'::regclass
  ), '[]'::jsonb) as partitions
from catalogue_version c cross join installation i`;
