import type { CatalogueSnapshot } from '../src/catalog/catalogue-snapshot.ts';
import type { EpochMicros } from '../src/domain/instant.ts';
import type { PlanVersion } from '../src/domain/plan.ts';
import type { Tenant } from '../src/domain/tenant.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { formatPosition } from '../src/ledger/journal-position.ts';
import type { ChargeSum } from '../src/ledger/charge-sum.ts';
import { sumChargeUsage, tooMuchSentence } from '../src/ledger/sum-charge-usage.ts';
import type { UsageWindow } from '../src/ledger/usage-window.ts';
import type { ChargeUsage, LateChargeUsage, UsageFigures } from '../src/rating/inputs.ts';
import { planReadings } from '../src/rating/plan-readings.ts';

/** Whose usage is gathered. */
export interface UsageSource {
  readonly catalogue: CatalogueSnapshot;
  readonly tenant: Pick<Tenant, 'id' | 'timeZone'>;
  readonly shard: number;
}

/** Usage by charge, or why it cannot be billed, as sentences for an operator. */
export type GatheredUsage<Usage> = { readonly usage: readonly Usage[] } | { readonly problems: readonly string[] };

/**
 * What each charge of a plan is priced on, of the usage in a window that the period's own invoice bills. Charges without usage are
 * left out.
 */
export async function gatherUsage(
  db: Queryable,
  source: UsageSource,
  plan: PlanVersion,
  window: UsageWindow,
): Promise<GatheredUsage<ChargeUsage>> {
  const { startMicros } = window.period;
  const gathered = await gatherSums(db, source, plan, { window, from: startMicros, through: startMicros });
  if ('problems' in gathered) return gathered;
  const usage = gathered.usage.map((sum): ChargeUsage => {
    const { charge, eventCount } = sum;
    return { charge, ...figuresOf(sum), eventCount, ledgerRange: ledgerRange(source.shard, sum) };
  });
  return { usage };
}

/** Late usage of a window. */
export interface LateWindow extends UsageWindow {
  readonly accountingPeriod: EpochMicros;
  /** Charges that are wanted although nothing came late in this window: their bands go on from a window where something did. */
  readonly alsoCharges?: ReadonlySet<string>;
}

/**
 * The same for usage of a sealed period that an accounting period took: by charge, what the window amounted to before and what it
 * amounts to with it. Charges without late usage are left out.
 */
export async function gatherLateUsage(
  db: Queryable,
  source: UsageSource,
  plan: PlanVersion,
  { accountingPeriod, alsoCharges = new Set(), ...window }: LateWindow,
): Promise<GatheredUsage<LateChargeUsage>> {
  const { startMicros } = window.period;
  const late = await gatherSums(db, source, plan, { window, from: accountingPeriod, through: accountingPeriod });
  if ('problems' in late) return late;
  const charged = new Set([...alsoCharges, ...boundTogether(plan), ...late.usage.map(({ charge }) => charge)]);
  if (charged.size === 0) return { usage: [] };
  const affected = { ...plan, charges: plan.charges.filter(({ key }) => charged.has(key)) };
  const before = await gatherSums(db, source, affected, { window, from: startMicros, through: accountingPeriod - 1 });
  if ('problems' in before) return before;
  const after = await gatherSums(db, source, affected, { window, from: startMicros, through: accountingPeriod });
  if ('problems' in after) return after;
  const usage = affected.charges.map(({ key: charge }): LateChargeUsage => {
    const sum = late.usage.find((one) => one.charge === charge);
    const figuresIn = (sums: readonly ChargeSum[]): UsageFigures =>
      figuresOf(sums.find((one) => one.charge === charge));
    return {
      charge,
      before: figuresIn(before.usage),
      after: figuresIn(after.usage),
      eventCount: sum?.eventCount ?? '0',
      ledgerRange: sum === undefined ? null : ledgerRange(source.shard, sum),
    };
  });
  return { usage };
}

/** What late usage changes about a plan with bounds of its own depends on all of its charges, in all of its spans. */
function boundTogether({ commitment, minimum, maximum, charges }: PlanVersion): readonly string[] {
  const isBounded = commitment !== undefined || minimum !== undefined || maximum !== undefined;
  return isBounded ? charges.map(({ key }) => key) : [];
}

async function gatherSums(
  db: Queryable,
  { catalogue, tenant }: UsageSource,
  plan: PlanVersion,
  {
    window,
    from,
    through,
  }: { readonly window: UsageWindow; readonly from: EpochMicros; readonly through: EpochMicros },
): Promise<GatheredUsage<ChargeSum>> {
  const selection = {
    tenant: tenant.id,
    timeZone: tenant.timeZone,
    window,
    accountingFromMicros: from,
    accountingThroughMicros: through,
  };
  const answer = await sumChargeUsage(db, selection, planReadings(plan, catalogue.meters));
  return 'tooMuch' in answer ? { problems: answer.tooMuch.map(tooMuchSentence) } : { usage: answer.sums };
}

function figuresOf(sum: ChargeSum | undefined): UsageFigures {
  if (sum === undefined) return { quantity: '0' };
  const { quantity, parts, amounts } = sum;
  return {
    quantity,
    ...(parts === undefined ? {} : { parts }),
    ...(amounts === undefined ? {} : { amounts }),
  };
}

function ledgerRange(shard: number, { first, last }: ChargeSum): ChargeUsage['ledgerRange'] {
  return first === null || last === null ? null : { shard, first: formatPosition(first), last: formatPosition(last) };
}
