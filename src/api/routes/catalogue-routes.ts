import { z } from 'zod';

import { applyCatalogue } from '../../catalog/apply-catalogue.ts';
import type { ApplyResult } from '../../catalog/apply-catalogue.ts';
import { catalogueSchema } from '../../catalog/catalogue-schema.ts';
import { parseCatalogue } from '../../catalog/parse-catalogue.ts';
import type { ParsedCatalogue } from '../../catalog/parse-catalogue.ts';
import { CATALOGUE_BYTES_MAX } from '../../catalog/yaml-source.ts';
import { checkPlan } from '../../rating/check-plan.ts';
import { requireUnbound } from '../authorize.ts';
import { refusalOf } from '../catalogue-refusal.ts';
import { mutate } from '../mutate.ts';
import { readText } from '../read-body.ts';
import { flagParameter, readQuery } from '../read-query.ts';
import { ADMIN, keyOf, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spreadCatalogue } from '../spread-catalogue.ts';
import { tenantView } from '../tenant-view.ts';

const FILE_NAME_DEFAULT = 'catalogue';
const APPLY_QUERY = z.strictObject({ dryRun: flagParameter.optional(), file: z.string().min(1).max(500).optional() });

/** Takes YAML, and so JSON, whatever the content type says: the text is read as it is spelled, numbers included. */
async function postCatalogue(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { dryRun = false, file = FILE_NAME_DEFAULT } = readQuery(context, APPLY_QUERY);
  const text = await readText(context.request, CATALOGUE_BYTES_MAX);
  const parsed = refusing(() => parseCatalogue(text, file));
  let applied: ApplyResult | undefined;
  const answer = await mutate(context, text, async (client) => {
    const result = await applyOrRefuse(client, context, parsed, dryRun);
    applied = result;
    const { changes, catalogueVersion } = result;
    const made = changes.filter(({ action }) => action !== 'unchanged');
    return {
      answer: { status: 200, body: { dryRun, changes, catalogueVersion } },
      action: 'catalogue.apply',
      subject: String(catalogueVersion),
      details: { file, changes: made },
      isWithoutEffect: dryRun || made.length === 0,
    };
  });
  if (applied !== undefined && !dryRun) {
    const { catalogueVersion, newTenants } = applied;
    const { deps } = context;
    await spreadCatalogue(
      deps,
      catalogueVersion,
      newTenants.map((tenant) => deps.billing.start(tenant)),
    );
  }
  return answer;
}

async function applyOrRefuse(
  client: Parameters<typeof applyCatalogue>[0],
  context: RouteContext,
  parsed: ParsedCatalogue,
  dryRun: boolean,
): Promise<ApplyResult> {
  try {
    return await applyCatalogue(client, parsed, { dryRun, atMicros: context.atMicros, checkPlan });
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw refusalOf(error);
  }
}

async function getCatalogue(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const snapshot = await context.deps.catalogue.reload();
  const body = {
    catalogueVersion: snapshot.version,
    mode: snapshot.mode,
    issuer: snapshot.issuer,
    meters: [...snapshot.meters.values()],
    plans: [...snapshot.planVersions.values()],
    tenants: [...snapshot.tenants.values()].map((entry) => tenantView(entry, context.atMicros)),
  };
  return { status: 200, body };
}

/** For editors, which send no key: the form of files, nothing of what is in one. */
function getSchema(): Promise<RouteAnswer> {
  return Promise.resolve({
    status: 200,
    body: catalogueSchema(),
    headers: { 'content-type': 'application/schema+json' },
  });
}

export const CATALOGUE_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/catalogue', scopes: ADMIN, handle: postCatalogue },
  { method: 'get', path: '/v1/catalogue', scopes: READ, handle: getCatalogue },
  { method: 'get', path: '/v1/catalogue/schema', scopes: null, handle: getSchema },
];
