import type { JsonObject } from '../domain/event.ts';
import { formatInstant, MICROS_PER_MINUTE, requireInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { periodAt } from '../domain/period.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { Tenant } from '../domain/tenant.ts';
import { changedFrom } from '../domain/timeline.ts';
import { leftQuantities } from './add-on-quantities.ts';
import type { CatalogueChange, CatalogueWrites, PlanMove } from './catalogue-changes.ts';
import type { FileTenant } from './catalogue-file.ts';
import type { CatalogueProblem } from './catalogue-problem.ts';
import { planVersionName } from './catalogue-snapshot.ts';
import type { TenantEntry } from './catalogue-snapshot.ts';
import { tenantOf } from './definitions.ts';
import { findPlan, type NamedPlan, noSuchVersion, type TenantContext } from './tenant-context.ts';
import { isSamePlan } from './timeline-spans.ts';
import { trialEnd } from './trial.ts';
import { differencesOf } from './differences.ts';
import { planHoldings, problemsOfMove } from './plan-holdings.ts';

/** What one tenant of the file comes to. Each list has at most one entry, but for the problems. */
export interface PlannedTenant {
  readonly change: CatalogueChange;
  readonly problems: readonly CatalogueProblem[];
  readonly created: CatalogueWrites['newTenants'];
  readonly updated: readonly Tenant[];
  readonly moved: readonly PlanMove[];
  /** What the file says of its plan, where that is new. */
  readonly said: CatalogueWrites['plansOfFile'];
}

const UNCHANGED = { problems: [], created: [], updated: [], moved: [], said: [] } as const;

/** Periods that a new tenant may have behind it: each is a row and a cycle that has to be closed. */
const PAST_PERIODS_MAX = 100_000;
const BILLING_START_MIN = requireInstant('2000-01-01T00:00:00Z');

/** A new tenant, an update of one, or nothing. Never moves a tenant to another plan version that the file does not name. */
export function planTenant(context: TenantContext, tenant: FileTenant, index: number): PlannedTenant {
  const stored = context.snapshot.tenants.get(tenant.id);
  return stored === undefined ? planNewTenant(context, tenant, index) : planKnownTenant(context, tenant, index, stored);
}

function planNewTenant(context: TenantContext, file: FileTenant, index: number): PlannedTenant {
  const { parsed, atMicros } = context;
  const minuteStart = formatInstant(atMicros - (atMicros % MICROS_PER_MINUTE));
  const tenant = tenantOf(file, minuteStart, file.paused ?? false);
  const plan = wantedPlan(context, file, null);
  const problem = problemOfCalendar(tenant, atMicros);
  const { addOns, prices, problems: ofHoldings } = planHoldings(context, file, index, plan);
  const problems = [
    ...ofHoldings,
    ...(plan === undefined ? [versionProblem(context, file, index)] : []),
    ...(problem === undefined ? [] : [parsed.problemAt(['tenants', index, problem.field], problem.message)]),
  ];
  const details = {
    billingStart: tenant.billingStart,
    plan: plan === undefined ? null : planVersionName(plan.key, plan.version),
    ...(addOns.length === 0 ? {} : { addOns: addOns.map(({ key, version }) => planVersionName(key, version)) }),
    ...(prices.length === 0 ? {} : { prices: prices.map(({ key }) => key) }),
    paused: tenant.paused,
  };
  return {
    ...UNCHANGED,
    change: { kind: 'tenant', key: tenant.id, action: 'created', details },
    problems,
    said: [{ tenant: tenant.id, plan: planOfFile(file) }],
    created: plan === undefined ? [] : [{ tenant, plan, quantities: quantitiesOf(file), addOns, prices }],
  };
}

/** A file that is not touched says the same, and moves nobody: a plan that was changed by command stays. */
function planOfFile({ plan, planVersion }: FileTenant): string {
  return planVersion === undefined ? plan : planVersionName(plan, planVersion);
}

function quantitiesOf({ quantities }: FileTenant): { name: string; quantity: string }[] {
  return Object.entries(quantities).map(([name, quantity]) => ({ name, quantity }));
}

function problemOfCalendar(tenant: Tenant, atMicros: EpochMicros): { field: string; message: string } | undefined {
  const start = requireInstant(tenant.billingStart);
  const end = tenant.endsAt === null ? Infinity : requireInstant(tenant.endsAt);
  if (start < BILLING_START_MIN) return { field: 'billingStart', message: 'must not be before 2000-01-01T00:00:00Z' };
  if (end <= start) return { field: 'endsAt', message: `must be after billingStart, ${tenant.billingStart}` };
  const calendar = {
    timeZone: tenant.timeZone,
    anchor: tenant.billingStart,
    length: tenant.periodLength,
    endsAt: null,
  };
  const past = periodAt(calendar, Math.min(atMicros, end - 1))?.ordinal ?? 0;
  if (past <= PAST_PERIODS_MAX) return undefined;
  const message = `lies ${past} periods of one ${tenant.periodLength} back, at most ${PAST_PERIODS_MAX} are taken: choose a later start or longer periods`;
  return { field: 'billingStart', message };
}

function planKnownTenant(context: TenantContext, file: FileTenant, index: number, stored: TenantEntry): PlannedTenant {
  // `paused` is how a tenant begins; from then on it is moved by pause and resume, never back by an old file.
  const wanted = tenantOf(file, stored.tenant.billingStart, stored.tenant.paused);
  const changed = differencesOf(stored.tenant, wanted);
  const said = planOfFile(file);
  const isNewlySaid = said !== stored.planOfFile;
  const move = isNewlySaid ? planMove(context, file, stored) : undefined;
  const problems = [
    ...[...refusedFields(stored, wanted), ...refusedTrial(stored, wanted)].map(([field, message]) =>
      context.parsed.problemAt(['tenants', index, field], message),
    ),
    ...(move === 'no_such_version' ? [versionProblem(context, file, index)] : []),
    ...(move === 'ended'
      ? [context.parsed.problemAt(['tenants', index, 'plan'], 'cannot change: billing has ended')]
      : []),
    ...(typeof move === 'object' ? problemsOfMove(context, stored, move, index) : []),
  ];
  const moved = typeof move === 'object' ? [move] : [];
  const action = changed.length + moved.length === 0 ? 'unchanged' : 'updated';
  return {
    change: { kind: 'tenant', key: file.id, action, details: detailsOf(context, file, stored, changed, moved[0]) },
    problems,
    created: [],
    updated: changed.length === 0 ? [] : [wanted],
    moved,
    said: isNewlySaid ? [{ tenant: file.id, plan: said }] : [],
  };
}

const FIXED_FIELDS = ['currency', 'timeZone', 'billingStart', 'periodLength'] as const;

/** The file says the calendar that a tenant begins with. */
const CURES: Readonly<Partial<Record<(typeof FIXED_FIELDS)[number], string>>> = {
  billingStart: 'change its later periods with `tollkeeper set-anchor`',
  periodLength: 'change its later periods with `tollkeeper set-anchor`',
};

/** Period rows, counters and issued invoices were made from these: they are fixed for the life of a tenant. */
function refusedFields({ tenant, periodsThroughMicros }: TenantEntry, wanted: Tenant): [string, string][] {
  const refused = FIXED_FIELDS.filter((field) => tenant[field] !== wanted[field]).map((field): [string, string] => [
    field,
    `is ${tenant[field]} since the tenant began and cannot change: write it so, or ${CURES[field] ?? 'define another tenant'}`,
  ]);
  if (tenant.endsAt === wanted.endsAt) return refused;
  const ends = [tenant.endsAt, wanted.endsAt].map((end) => (end === null ? Infinity : requireInstant(end)));
  const cutAlready = ends[0] === periodsThroughMicros;
  if (!cutAlready && Math.min(...ends) >= periodsThroughMicros) return refused;
  const reason = cutAlready
    ? 'the last period is made'
    : `periods are made up to ${formatInstant(periodsThroughMicros)}`;
  return [...refused, ['endsAt', `cannot change from ${tenant.endsAt ?? 'open'}: ${reason}`]];
}

/** What was free in a period that is billed stays free, and what was not does not become it. */
function refusedTrial(stored: TenantEntry, wanted: Tenant): [string, string][] {
  if (stored.tenant.trialDays === wanted.trialDays) return [];
  const { calendar, billingStartMicros, gate } = stored;
  const ends = [stored.tenant, wanted].map((tenant) => trialEnd({ tenant, calendar }) ?? billingStartMicros);
  if (Math.min(...ends) >= gate.sealedThroughMicros) return [];
  const days = stored.tenant.trialDays ?? 'none';
  return [
    ['trialDays', `cannot change from ${days}: periods through ${formatInstant(gate.sealedThroughMicros)} are billed`],
  ];
}

/** `current`: the plan the tenant is on; naming the same key again never means its newest version. */
function wantedPlan(context: TenantContext, file: FileTenant, current: PlanVersion | null): PlanVersion | undefined {
  if (file.planVersion === undefined && current !== null && current.key === file.plan) return current;
  return findPlan(context, namedPlan(file));
}

function namedPlan({ plan, planVersion }: FileTenant): NamedPlan {
  return { planKey: plan, planVersion };
}

function versionProblem(context: TenantContext, file: FileTenant, index: number): CatalogueProblem {
  return context.parsed.problemAt(['tenants', index, 'planVersion'], noSuchVersion(context, namedPlan(file)));
}

/** A plan that the file names and the tenant's newest item does not have takes effect with the next period. */
function planMove(
  context: TenantContext,
  file: FileTenant,
  stored: TenantEntry,
): PlanMove | undefined | 'no_such_version' | 'ended' {
  const last = stored.plans.at(-1);
  const wanted = wantedPlan(context, file, last?.plan ?? null);
  if (wanted === undefined) return 'no_such_version';
  if (last === undefined || (last.plan.key === wanted.key && last.plan.version === wanted.version)) return undefined;
  const { atMicros } = context;
  const started = atMicros >= stored.billingStartMicros;
  const fromMicros = started ? periodAt(stored.calendar, atMicros)?.endMicros : stored.billingStartMicros;
  if (fromMicros === undefined || fromMicros === stored.endsAtMicros) return 'ended';
  // What has not begun is changed where it would begin.
  const next = { plan: wanted, fromMicros: Math.max(last.fromMicros, fromMicros), toMicros: null };
  const plans = changedFrom(stored.plans, next, isSamePlan);
  return {
    tenant: file.id,
    planKey: wanted.key,
    planVersion: wanted.version,
    fromMicros: next.fromMicros,
    plans,
    ...leftQuantities(stored, { ...stored, plans }, next.fromMicros),
  };
}

function detailsOf(
  context: TenantContext,
  file: FileTenant,
  stored: TenantEntry,
  changed: ReturnType<typeof differencesOf>,
  move: PlanMove | undefined,
): JsonObject {
  const last = stored.plans.at(-1)?.plan;
  const newest = context.newestPlans.get(file.plan);
  const plan = move ?? (last === undefined ? null : { planKey: last.key, planVersion: last.version });
  const note =
    move !== undefined
      ? `from ${formatInstant(move.fromMicros)} on`
      : last !== undefined && newest !== undefined && last.key === newest.key && last.version < newest.version
        ? `stays on version ${last.version}; the newest is ${newest.version}: set planVersion to move it`
        : undefined;
  return {
    plan: plan === null ? null : planVersionName(plan.planKey, plan.planVersion),
    ...(changed.length === 0 ? {} : { changed }),
    ...(note === undefined ? {} : { note }),
    ...(move === undefined || move.changedQuantities.length === 0 ? {} : { quantities: [...move.changedQuantities] }),
  };
}
