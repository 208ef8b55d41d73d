import type { Charge, PlanVersion } from '../domain/plan.ts';
import type { PlanMove } from './catalogue-changes.ts';
import type { FileTenant } from './catalogue-file.ts';
import type { CatalogueProblem } from './catalogue-problem.ts';
import { planVersionName, type TenantEntry } from './catalogue-snapshot.ts';
import { takenKey, takenKeySentence } from './taken-keys.ts';
import { findPlan, noSuchVersion, type TenantContext } from './tenant-context.ts';

/** What a new tenant holds beside its plan, from its billing start on. */
export interface PlannedHoldings {
  readonly addOns: readonly PlanVersion[];
  readonly prices: readonly Charge[];
  readonly problems: readonly CatalogueProblem[];
}

/** The add-ons and prices that the file gives a new tenant. @param plan of the tenant; `undefined` where there is none */
export function planHoldings(
  context: TenantContext,
  file: FileTenant,
  index: number,
  plan: PlanVersion | undefined,
): PlannedHoldings {
  const { problemAt } = context.parsed;
  const problems: CatalogueProblem[] = [];
  const addOns = file.addOns.flatMap((named, place): PlanVersion[] => {
    const wanted = findPlan(context, named);
    if (wanted !== undefined) return [wanted];
    problems.push(problemAt(['tenants', index, 'addOns', place], noSuchVersion(context, named)));
    return [];
  });
  const { prices } = file;
  const taken = takenKey(
    {
      plans: plan === undefined ? [] : [always(plan)],
      addOns: addOns.map(always),
      prices: prices.map((charge) => ({ charge, fromMicros: 0, toMicros: null })),
    },
    0,
  );
  if (taken !== undefined) {
    const message = `${planVersionName(taken.one.key, taken.one.version)} and ${planVersionName(taken.other.key, taken.other.version)} both have ${taken.key}: give it another key in one of them`;
    problems.push(problemAt(['tenants', index, 'addOns'], message));
  }
  if (plan !== undefined) problems.push(...problemsOfQuantities(context, file, index, [plan, ...addOns]));
  return { addOns, prices, problems };
}

/** Quantities that nothing of it has would be held and never charged: most often a name is misspelled. */
function problemsOfQuantities(
  { parsed }: TenantContext,
  { quantities }: FileTenant,
  index: number,
  held: readonly PlanVersion[],
): readonly CatalogueProblem[] {
  const known = held.flatMap(({ fixedQuantities = [] }) => fixedQuantities.map(({ key }) => key));
  const names = held.map(({ key, version }) => planVersionName(key, version)).join(', ');
  return Object.keys(quantities)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const message = `what it holds (${names}) has no fixed quantity ${name}; it has ${known.join(', ') || 'none'}`;
      return parsed.problemAt(['tenants', index, 'quantities', name], message);
    });
}

function always(plan: PlanVersion) {
  return { plan, fromMicros: 0, toMicros: null };
}

/** What keeps a tenant from coming under a plan that the file names: a charge of the key that an add-on of it has. */
export function problemsOfMove(
  { parsed }: TenantContext,
  stored: TenantEntry,
  { plans, fromMicros }: PlanMove,
  index: number,
): readonly CatalogueProblem[] {
  const taken = takenKey({ ...stored, plans }, fromMicros);
  return taken === undefined ? [] : [parsed.problemAt(['tenants', index, 'plan'], takenKeySentence(taken))];
}
