import type { EpochMicros } from '../domain/instant.ts';
import type { PlanVersion } from '../domain/plan.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import type { ParsedCatalogue } from './parse-catalogue.ts';

/** What planning a tenant looks at: the file, what is stored, and when the apply happens. */
export interface TenantContext {
  readonly parsed: ParsedCatalogue;
  readonly snapshot: CatalogueSnapshot;
  /** As they will be after the apply. */
  readonly newestPlans: ReadonlyMap<string, PlanVersion>;
  readonly atMicros: EpochMicros;
}
