import type pg from 'pg';
import { z } from 'zod';

import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import { ChangeRefusedError } from '../catalog/change-refused-error.ts';
import type { PricedTimelines } from '../catalog/timeline-spans.ts';
import type { JsonObject } from '../domain/event.ts';
import type { EpochMicros } from '../domain/instant.ts';
import { changeRefusal, refusing } from './change-refusal.ts';
import { mutate } from './mutate.ts';
import { previewTimelineChange } from './preview-timeline-change.ts';
import { flagParameter, readQuery } from './read-query.ts';
import type { RouteAnswer, RouteContext } from './route.ts';
import { spreadCatalogue } from './spread-catalogue.ts';

/** A change of what a tenant holds beside its plan, as the catalogue plans it. */
interface Planned {
  readonly tenant: string;
  readonly atMicros: EpochMicros;
  readonly isUnchanged: boolean;
}

/** How one kind of change is planned, made and shown. */
export interface TimelineChange<Change extends Planned> {
  readonly tenant: string;
  /** @throws ChangeRefusedError */
  readonly plan: (snapshot: CatalogueSnapshot) => Change;
  /** In the transaction of the answer. @throws ChangeRefusedError */
  readonly make: (client: pg.PoolClient) => Promise<Change & { readonly catalogueVersion: number }>;
  readonly changedOf: (change: Change) => Partial<PricedTimelines>;
  readonly viewOf: (change: Change) => JsonObject;
  /** What the audit says beside that, where words of the view are not all of it. */
  readonly auditDetails?: JsonObject;
  /** Of the audit. */
  readonly action: string;
  readonly reason: string;
  /** As it was sent: what a repeat under one key is compared with. */
  readonly bodyText: string;
}

const DRY_RUN_QUERY = z.strictObject({ dryRun: flagParameter.optional() });

/** Makes a change once for its key and audits it, or in a dry run shows what it would mean; either way with that in money. */
export async function changeTimeline<Change extends Planned>(
  context: RouteContext,
  { tenant, plan, make, changedOf, viewOf, action, reason, auditDetails, bodyText }: TimelineChange<Change>,
): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const { dryRun = false } = readQuery(context, DRY_RUN_QUERY);
  const snapshot = await deps.catalogue.reload();
  const foreseen = foresee(() => plan(snapshot));
  const isRefused = foreseen instanceof ChangeRefusedError;
  if (dryRun && isRefused) throw changeRefusal(foreseen);
  const preview = isRefused
    ? null
    : await previewTimelineChange(deps, snapshot, { ...foreseen, changed: changedOf(foreseen) }, atMicros);
  if (dryRun && !isRefused) {
    return { status: 200, body: { dryRun, ...viewOf(foreseen), catalogueVersion: snapshot.version, preview } };
  }
  let newVersion: number | undefined;
  const answer = await mutate(context, bodyText, async (client) => {
    const changed = await refusing(() => make(client));
    const { isUnchanged, catalogueVersion } = changed;
    if (!isUnchanged) newVersion = catalogueVersion;
    const told = viewOf(changed);
    return {
      answer: { status: 200, body: { dryRun, ...told, catalogueVersion, preview } },
      action,
      subject: tenant,
      details: { reason, ...told, ...auditDetails },
      isWithoutEffect: isUnchanged,
    };
  });
  if (newVersion !== undefined) await spreadCatalogue(deps, newVersion, [deps.billing.poke(tenant)]);
  return answer;
}

/** A refused change may be the repeat of one that was made and whose answer was kept: it is not refused before that was looked for. */
function foresee<Change>(plan: () => Change): Change | ChangeRefusedError {
  try {
    return plan();
  } catch (error) {
    if (error instanceof ChangeRefusedError) return error;
    throw error;
  }
}
