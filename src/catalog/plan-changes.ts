import { canonicalJson } from '../domain/canonical.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { CatalogueChange, CatalogueChanges, PlanMove } from './catalogue-changes.ts';
import type { CatalogueProblem } from './catalogue-problem.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import { meterOf, partyOf, planOf } from './definitions.ts';
import { differencesOf } from './differences.ts';
import { newestPlans } from './newest-plans.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';
import { planCoupons } from './plan-coupons.ts';
import { planTenant } from './plan-tenant.ts';
import { priceChanges } from './price-changes.ts';

/**
 * What applying the file would change: pure, so that a dry run is the same code without the last step.
 *
 * @param parsed a file in which `checkCatalogue` found nothing
 * @param atMicros the instant of the apply: new tenants without a `billingStart` begin with its minute, and plan moves take
 *   effect with the first period after it
 */
export function planChanges(
  parsed: ParsedCatalogue,
  snapshot: CatalogueSnapshot,
  atMicros: EpochMicros,
): CatalogueChanges | { readonly problems: readonly CatalogueProblem[] } {
  const { file } = parsed;
  const issuer = planIssuer(parsed, snapshot);
  const meters = file.meters.map((meter) => planMeter(meterOf(meter, 0), snapshot.meters.get(meter.key), atMicros));
  const newest = newestPlans(snapshot.planVersions.values());
  const plans = file.plans.map((plan) => planPrices(planOf(plan, 0), newest.get(plan.key)));
  const plansAfter = newestPlans([
    ...snapshot.planVersions.values(),
    ...plans.flatMap(({ write }) => (write === null ? [] : [write])),
  ]);
  const coupons = planCoupons(parsed, snapshot);
  const context = { parsed, snapshot, newestPlans: plansAfter, atMicros };
  const tenants = file.tenants.map((tenant, index) => planTenant(context, tenant, index));
  const problems = tenants.flatMap((tenant) => tenant.problems);
  if (problems.length > 0) return { problems };
  const planMoves = tenants.flatMap(({ moved }) => moved);
  return {
    changes: [
      ...issuer.changes,
      ...meters.map(({ change }) => change),
      ...plans.map(({ change, write }) => withStaying({ change, write }, snapshot, planMoves, atMicros)),
      ...coupons.changes,
      ...tenants.map(({ change }) => change),
    ],
    writes: {
      issuer: issuer.write,
      meters: meters.flatMap(({ write }) => (write === null ? [] : [write])),
      plans: plans.flatMap(({ write }) => (write === null ? [] : [write])),
      coupons: coupons.writes,
      newTenants: tenants.flatMap(({ created }) => created),
      updatedTenants: tenants.flatMap(({ updated }) => updated),
      planMoves,
      plansOfFile: tenants.flatMap(({ said }) => said),
    },
  };
}

function planIssuer({ file }: ParsedCatalogue, snapshot: CatalogueSnapshot) {
  if (file.issuer === undefined) return { changes: [], write: null };
  const issuer = partyOf(file.issuer);
  const changed = differencesOf(snapshot.issuer, issuer);
  const change: CatalogueChange = {
    kind: 'issuer',
    key: issuer.name,
    action: changed.length === 0 ? 'unchanged' : 'updated',
    details: changed.length === 0 ? {} : { changed },
  };
  return { changes: [change], write: changed.length === 0 ? null : issuer };
}

/**
 * A first version without `from` reads whatever comes; a later one reads events from the apply on, so that what was sent before and
 * arrives late is counted as it was meant. A file that leaves `from` out does not move it.
 */
function planMeter({ from, ...wanted }: Meter, stored: Meter | undefined, atMicros: EpochMicros) {
  const start = from ?? stored?.from;
  const same = { ...wanted, ...(start === undefined ? {} : { from: start }) };
  const planned = planVersioned('meter', same, stored);
  if (planned.write === null) return planned;
  const begun = from ?? (stored === undefined ? undefined : formatInstant(atMicros));
  if (begun === undefined) return planned;
  const details = { ...planned.change.details, from: begun };
  return { change: { ...planned.change, details }, write: { ...planned.write, from: begun } };
}

/** A plan, with its changed prices in words. */
function planPrices(wanted: PlanVersion, stored: PlanVersion | undefined) {
  const planned = planVersioned('plan', wanted, stored);
  const prices = planned.write === null ? [] : priceChanges(stored, planned.write);
  if (prices.length === 0) return planned;
  return { ...planned, change: { ...planned.change, details: { ...planned.change.details, prices } } };
}

/** Names of tenants that are told; a plan may have thousands. */
const STAYING_NAMES_MAX = 20;

/** Says which tenants stay on earlier versions of a plan that gets a new one: all but those that the file moves. */
function withStaying(
  { change, write }: { readonly change: CatalogueChange; readonly write: PlanVersion | null },
  { tenants }: CatalogueSnapshot,
  planMoves: readonly PlanMove[],
  atMicros: EpochMicros,
): CatalogueChange {
  if (write === null) return change;
  const moved = new Set(planMoves.map(({ tenant }) => tenant));
  const staying = [...tenants].filter(([id, { plans, addOns, endsAtMicros }]) => {
    const isOver = endsAtMicros !== null && endsAtMicros <= atMicros;
    const last = write.addOn === true ? addOns.findLast(({ plan }) => plan.key === write.key) : plans.at(-1);
    const isHeld = last?.plan.key === write.key && (last.toMicros === null || last.toMicros > atMicros);
    return isHeld && !moved.has(id) && !isOver;
  });
  if (staying.length === 0) return change;
  const names = staying.slice(0, STAYING_NAMES_MAX).map(([id]) => id);
  return { ...change, details: { ...change.details, staying: { count: staying.length, tenants: names } } };
}

interface Versioned {
  readonly key: string;
  readonly version: number;
}

/** A definition that says what the newest version says makes no new one, however it is spelled. */
function planVersioned<T extends Versioned>(
  kind: 'meter' | 'plan',
  wanted: T,
  stored: T | undefined,
): { readonly change: CatalogueChange; readonly write: T | null } {
  const { key } = wanted;
  if (stored === undefined) {
    return { change: { kind, key, action: 'created', details: { version: 1 } }, write: { ...wanted, version: 1 } };
  }
  if (canonicalJson(stored) === canonicalJson({ ...wanted, version: stored.version })) {
    return { change: { kind, key, action: 'unchanged', details: { version: stored.version } }, write: null };
  }
  const version = stored.version + 1;
  const changed = differencesOf({ ...stored, version }, { ...wanted, version });
  return { change: { kind, key, action: 'new_version', details: { version, changed } }, write: { ...wanted, version } };
}
