import type pg from 'pg';

import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import { ChangeRefusedError } from '../catalog/change-refused-error.ts';
import type { MadeChange } from '../catalog/change-tenant.ts';
import type { JsonObject } from '../domain/event.ts';
import { changeRefusal, refusing } from './change-refusal.ts';
import { mutate } from './mutate.ts';
import { readDryRun } from './read-query.ts';
import type { RouteAnswer, RouteContext } from './route.ts';
import { spreadCatalogue } from './spread-catalogue.ts';
import { visibleTenant } from './visible-tenant.ts';

/** How one kind of change of a tenant's timelines, or of its calendar, is planned, made and shown. */
export interface TimelineChange<Change> {
  readonly tenant: string;
  /** @throws ChangeRefusedError */
  readonly plan: (snapshot: CatalogueSnapshot) => Change;
  /** In the transaction of the answer. @throws ChangeRefusedError */
  readonly make: (client: pg.PoolClient) => Promise<MadeChange<Change>>;
  /** What it means in money. Left out: the answer has nothing of it. */
  readonly previewOf?: (snapshot: CatalogueSnapshot, foreseen: Change) => Promise<object | null>;
  /** As the answer shows it. */
  readonly viewOf: (change: Change) => object;
  /** As the audit keeps it, beside the reason. */
  readonly auditOf: (change: Change) => JsonObject;
  /** Of the audit. */
  readonly action: string;
  readonly reason: string;
  /** As it was sent: what a repeat under one key is compared with. */
  readonly bodyText: string;
  /** What the tenant's billing is told when it is made. Left out: to look again. */
  readonly billingHears?: 'poke' | 'calendarChanged';
}

/** Makes a change once for its key and audits it, or in a dry run shows what it would mean; either way with that in money. */
export async function changeTimeline<Change extends { readonly isUnchanged: boolean }>(
  context: RouteContext,
  change: TimelineChange<Change>,
): Promise<RouteAnswer> {
  const { tenant, plan, make, previewOf, viewOf, billingHears = 'poke' } = change;
  const { deps } = context;
  const dryRun = readDryRun(context);
  await visibleTenant(context, tenant);
  const snapshot = await deps.catalogue.reload();
  const foreseen = foresee(() => plan(snapshot));
  const isRefused = foreseen instanceof ChangeRefusedError;
  if (dryRun && isRefused) throw changeRefusal(foreseen);
  const inMoney = previewOf === undefined ? {} : { preview: isRefused ? null : await previewOf(snapshot, foreseen) };
  if (dryRun && !isRefused) {
    return { status: 200, body: { dryRun, ...viewOf(foreseen), catalogueVersion: snapshot.version, ...inMoney } };
  }
  let newVersion: number | undefined;
  const answer = await mutate(context, change.bodyText, async (client) => {
    const changed = await refusing(() => make(client));
    const { isUnchanged, catalogueVersion } = changed;
    if (!isUnchanged) newVersion = catalogueVersion;
    return {
      answer: { status: 200, body: { dryRun, ...viewOf(changed), catalogueVersion, ...inMoney } },
      action: change.action,
      subject: tenant,
      details: { reason: change.reason, ...change.auditOf(changed) },
      isWithoutEffect: isUnchanged,
    };
  });
  if (newVersion !== undefined) await spreadCatalogue(deps, newVersion, [deps.billing[billingHears](tenant)]);
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
