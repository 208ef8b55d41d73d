import { type CatalogueSnapshot, planAt, type TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { formatInstant, requireInstant, type EpochMicros, type InstantText } from '../src/domain/instant.ts';
import type { InvoiceIdentity } from '../src/domain/invoice.ts';
import type { Meter } from '../src/domain/meter.ts';
import type { PlanVersion } from '../src/domain/plan.ts';
import { issuedInvoiceFor } from '../src/invoice/read-invoice.ts';
import { readCycleStage } from '../src/ledger/billing-cycles.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { formatPosition } from '../src/ledger/journal-position.ts';
import { type LedgerPeriod, readPeriod } from '../src/ledger/periods.ts';
import { sumUsagePeriod } from '../src/ledger/sum-usage-period.ts';
import { sumUsage } from '../src/ledger/sum-usage.ts';
import type { UsageSum } from '../src/ledger/usage-sum.ts';
import type { ChargeUsage, LateUsage, RatingInputs } from '../src/rating/inputs.ts';

/** What is to be rated, and the catalogue as it is committed now. */
export interface InputsSource {
  readonly catalogue: CatalogueSnapshot;
  readonly identity: InvoiceIdentity;
  readonly shard: number;
}

/** Inputs for rating; or what they wait for; or why there can be none, as sentences for an operator. */
export type GatheredInputs =
  { readonly inputs: RatingInputs } | { readonly notYet: string } | { readonly problems: readonly string[] };

/** Collects everything that rating a period needs. Run it in one transaction: the parts belong together. */
export async function gatherInputs(db: Queryable, source: InputsSource): Promise<GatheredInputs> {
  const { tenant, occasion } = source.identity;
  const entry = source.catalogue.tenants.get(tenant);
  const periodStart = requireInstant(occasion);
  const period = await readPeriod(db, tenant, periodStart);
  if (entry === undefined || period === undefined) {
    return { problems: [`tenant ${tenant} has no period that starts at ${occasion}`] };
  }
  const planVersion = planAt(entry, periodStart);
  if (planVersion === undefined) {
    return { problems: [`tenant ${tenant} has no plan at ${occasion}: give it one with \`tollkeeper apply\``] };
  }
  const sums = await sumUsage(db, { tenant, accountingPeriod: periodStart });
  const late = await gatherLate(db, source, entry, sums);
  if ('notYet' in late || 'problems' in late) return late;
  return { inputs: assemble(source, entry, period, planVersion, sums, late.late) };
}

function assemble(
  source: InputsSource,
  { tenant }: TenantEntry,
  period: LedgerPeriod,
  planVersion: PlanVersion,
  sums: readonly UsageSum[],
  late: readonly LateUsage[],
): RatingInputs {
  const { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays } = tenant;
  const ofPeriod = sums.filter(({ usagePeriodMicros }) => usagePeriodMicros === period.startMicros);
  const plans = [planVersion, ...late.map((part) => part.planVersion)];
  const span = { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) };
  return {
    identity: source.identity,
    meters: metersOf(source.catalogue, [
      ...plans.flatMap((plan) => plan.charges.map(({ meter }) => meter)),
      ...sums.map(({ meter }) => meter),
    ]),
    tenant: { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays },
    issuer: source.catalogue.issuer,
    period: span,
    feePeriod: span,
    spans: [{ from: span.start, to: span.end, planVersion, usage: usageOfCharges(source.shard, planVersion, ofPeriod) }],
    late,
    earlier: [],
    isLast: true,
    corrects: null,
  };
}

/** What the ledger sums by meter, by the charges that price it. */
function usageOfCharges(shard: number, { charges }: PlanVersion, sums: readonly UsageSum[]): ChargeUsage[] {
  return charges.flatMap(({ key, meter }) => {
    const sum = sums.find((one) => one.meter === meter);
    if (sum === undefined) return [];
    return [{ charge: key, quantity: sum.quantity, eventCount: sum.eventCount, ledgerRange: ledgerRange(shard, sum) }];
  });
}

/** In order of key, each once: the inputs are hashed. */
function metersOf(catalogue: CatalogueSnapshot, keys: readonly string[]): Meter[] {
  return [...new Set(keys)].toSorted().flatMap((key) => catalogue.meters.get(key) ?? []);
}

function ledgerRange(shard: number, sum: UsageSum): { shard: number; first: string; last: string } {
  return { shard, first: formatPosition(sum.first), last: formatPosition(sum.last) };
}

type GatheredLate =
  { readonly late: readonly LateUsage[] } | Exclude<GatheredInputs, { readonly inputs: RatingInputs }>;

async function gatherLate(
  db: Queryable,
  source: InputsSource,
  entry: TenantEntry,
  sums: readonly UsageSum[],
): Promise<GatheredLate> {
  const accountingPeriod = requireInstant(source.identity.occasion);
  const lateSums = sums.filter(({ usagePeriodMicros }) => usagePeriodMicros !== accountingPeriod);
  const late: LateUsage[] = [];
  for (const [usagePeriod, ofPeriod] of Map.groupBy(lateSums, ({ usagePeriodMicros }) => usagePeriodMicros)) {
    const gathered = await gatherLatePeriod(db, source, entry, usagePeriod, ofPeriod);
    if ('notYet' in gathered || 'problems' in gathered) return gathered;
    late.push(gathered.part);
  }
  return { late };
}

async function gatherLatePeriod(
  db: Queryable,
  source: InputsSource,
  entry: TenantEntry,
  usagePeriod: EpochMicros,
  sums: readonly UsageSum[],
): Promise<{ readonly part: LateUsage } | Exclude<GatheredInputs, { readonly inputs: RatingInputs }>> {
  const tenant = entry.tenant.id;
  const accountingPeriod = requireInstant(source.identity.occasion);
  const usagePeriodStart = formatInstant(usagePeriod);
  if (await isUndecided(db, tenant, usagePeriodStart)) {
    return { notYet: `late usage of ${usagePeriodStart} waits until the invoice of that period is decided` };
  }
  const period = await readPeriod(db, tenant, usagePeriod);
  const planVersion = planAt(entry, usagePeriod);
  if (period === undefined || planVersion === undefined) {
    return { problems: [`late usage of ${usagePeriodStart} has no period or no plan`] };
  }
  const after = await sumUsagePeriod(db, { tenant, usagePeriod, throughAccountingPeriod: accountingPeriod });
  const before = await sumUsagePeriod(db, { tenant, usagePeriod, throughAccountingPeriod: accountingPeriod - 1 });
  const usage = planVersion.charges.flatMap(({ key, meter }) => {
    const sum = sums.find((one) => one.meter === meter);
    if (sum === undefined) return [];
    return [
      {
        charge: key,
        before: { quantity: quantityIn(before, meter) },
        after: { quantity: quantityIn(after, meter) },
        eventCount: sum.eventCount,
        ledgerRange: ledgerRange(source.shard, sum),
      },
    ];
  });
  return {
    part: {
      usagePeriodStart,
      usagePeriodEnd: formatInstant(period.endMicros),
      planVersion,
      billedInvoiceId: (await issuedInvoiceFor(db, tenant, usagePeriodStart))?.id ?? null,
      usage,
    },
  };
}

function quantityIn(sums: readonly UsageSum[], meter: string): string {
  return sums.find((sum) => sum.meter === meter)?.quantity ?? '0';
}

/** An earlier bill that is still being made, or held, may yet be rejected: what it billed is not known. */
async function isUndecided(db: Queryable, tenant: string, periodStart: InstantText): Promise<boolean> {
  const stage = await readCycleStage(db, { tenant, periodStart, revision: 0 });
  return stage !== undefined && stage !== 'issued' && stage !== 'synced' && stage !== 'settled';
}
