import { type CatalogueSnapshot, planAt, type TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { formatInstant, requireInstant } from '../src/domain/instant.ts';
import type { InvoiceIdentity } from '../src/domain/invoice.ts';
import type { Meter } from '../src/domain/meter.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { type LedgerPeriod, readPeriod } from '../src/ledger/periods.ts';
import type { LateUsage, RatedSpan, RatingInputs } from '../src/rating/inputs.ts';
import { gatherLate } from './gather-late.ts';
import { gatherUsage, wholePeriod, windowTexts } from './gather-usage.ts';

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
  const { catalogue, shard } = source;
  const { tenant, occasion } = source.identity;
  const entry = catalogue.tenants.get(tenant);
  const periodStart = requireInstant(occasion);
  const period = await readPeriod(db, tenant, periodStart);
  if (entry === undefined || period === undefined) {
    return { problems: [`tenant ${tenant} has no period that starts at ${occasion}`] };
  }
  const planVersion = planAt(entry, periodStart);
  if (planVersion === undefined) {
    return { problems: [`tenant ${tenant} has no plan at ${occasion}: give it one with \`tollkeeper apply\``] };
  }
  const usageSource = { catalogue, tenant: entry.tenant, shard };
  const window = wholePeriod(period);
  const gathered = await gatherUsage(db, usageSource, planVersion, window);
  if ('problems' in gathered) return gathered;
  const spans = [{ ...windowTexts(window), planVersion, usage: gathered.usage }];
  const late = await gatherLate(db, usageSource, entry, periodStart);
  if (!('late' in late)) return late;
  return { inputs: assemble(source, entry, period, spans, late.late) };
}

function assemble(
  source: InputsSource,
  { tenant }: TenantEntry,
  period: LedgerPeriod,
  spans: readonly RatedSpan[],
  late: readonly LateUsage[],
): RatingInputs {
  const { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays } = tenant;
  const wholeSpan = { start: formatInstant(period.startMicros), end: formatInstant(period.endMicros) };
  const charges = [...spans, ...late].flatMap(({ planVersion }) => planVersion.charges);
  return {
    identity: source.identity,
    meters: metersOf(
      source.catalogue,
      charges.map(({ meter }) => meter),
    ),
    tenant: { currency, timeZone, buyer, billTo, taxRates, paymentTermsDays },
    issuer: source.catalogue.issuer,
    period: wholeSpan,
    feePeriod: wholeSpan,
    spans,
    late,
    earlier: [],
    isLast: true,
    corrects: null,
  };
}

/** In order of key, each once: the inputs are hashed. */
function metersOf(catalogue: CatalogueSnapshot, keys: readonly string[]): Meter[] {
  return [...new Set(keys)].toSorted().flatMap((key) => catalogue.meters.get(key) ?? []);
}
