import type { CatalogueSnapshot, TenantEntry } from '../src/catalog/catalogue-snapshot.ts';
import { endedTexts } from '../src/catalog/fee-spans.ts';
import { feePeriodOf } from '../src/catalog/period-spans.ts';
import { requireInstant } from '../src/domain/instant.ts';
import type { InvoiceIdentity } from '../src/domain/invoice.ts';
import type { Meter } from '../src/domain/meter.ts';
import { periodTexts } from '../src/domain/window-texts.ts';
import { readFeeBills } from '../src/invoice/fee-bills.ts';
import type { Queryable } from '../src/ledger/database.ts';
import { type LedgerPeriod, readPeriod } from '../src/ledger/periods.ts';
import { allSpans } from '../src/rating/add-ons.ts';
import { chargedBefore } from '../src/rating/charged-before.ts';
import type { LateUsage, RatedSpan, RatingInputs } from '../src/rating/inputs.ts';
import { ratedTenant } from '../src/rating/rated-tenant.ts';
import { gatherAdvance } from './gather-advance.ts';
import { gatherLate } from './gather-late.ts';
import { gatherSpans } from './gather-spans.ts';

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
  const usageSource = { catalogue, tenant: entry.tenant, shard };
  const gathered = await gatherSpans(db, usageSource, entry, period);
  if ('problems' in gathered) return gathered;
  const late = await gatherLate(db, usageSource, entry, periodStart);
  if (!('late' in late)) return late;
  const advance = await gatherAdvance(db, entry, period);
  if ('notYet' in advance) return advance;
  return withFeeBills(db, { ...assemble(source, entry, period, { ...gathered, ...late }), ...advance.inputs });
}

/** Adds what earlier bills asked for of fees that this one gives back. */
async function withFeeBills(db: Queryable, inputs: RatingInputs): Promise<GatheredInputs> {
  const { feeBills, undecided } = await readFeeBills(db, inputs.identity.tenant, chargedBefore(inputs));
  if (undecided.length > 0) {
    return { notYet: `the bill of ${undecided[0]} is not decided: it may have charged a fee that is given back here` };
  }
  return { inputs: feeBills.length === 0 ? inputs : { ...inputs, feeBills } };
}

/** What is rated of a period: its own spans and what came late to earlier ones. */
interface RatedParts {
  readonly spans: readonly RatedSpan[];
  readonly addOns: readonly RatedSpan[];
  readonly late: readonly LateUsage[];
}

function assemble(
  source: InputsSource,
  entry: TenantEntry,
  period: LedgerPeriod,
  { late, ...ofPeriod }: RatedParts,
): RatingInputs {
  const { tenant } = entry;
  const fees = feePeriodOf(entry, period);
  const { spans, addOns } = ofPeriod;
  const charges = [...allSpans(ofPeriod), ...late].flatMap(({ planVersion }) => planVersion.charges);
  return {
    identity: source.identity,
    meters: metersOf(
      source.catalogue,
      charges.map(({ meter }) => meter),
    ),
    tenant: ratedTenant(tenant),
    issuer: source.catalogue.issuer,
    period: periodTexts(period),
    feePeriod: periodTexts(fees),
    spans,
    ...(addOns.length === 0 ? {} : { addOns }),
    late,
    earlier: [],
    isLast: true,
    corrects: null,
    ...endedTexts(entry, period),
  };
}

/** In order of key, each once: the inputs are hashed. */
function metersOf(catalogue: CatalogueSnapshot, keys: readonly string[]): Meter[] {
  return [...new Set(keys)].toSorted().flatMap((key) => catalogue.meters.get(key) ?? []);
}
