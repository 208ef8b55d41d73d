import { z } from 'zod';

import type { CatalogueSnapshot, TenantEntry } from '../../catalog/catalogue-snapshot.ts';
import { isPlainDecimal } from '../../domain/decimal.ts';
import { planFor } from '../../catalog/effective-plans.ts';
import { TENANT_PATTERN } from '../../domain/event.ts';
import { formatInstant, parseInstant, type EpochMicros } from '../../domain/instant.ts';
import { periodAt } from '../../domain/period.ts';
import type { BillingCalendar, Period } from '../../domain/period.ts';
import { usageOfCharges } from '../../rating/usage-given.ts';
import { ApiError, badRequest, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { comparePlan, type PlanComparison } from '../compare-plan.ts';
import { isPeriodQuestion, namedPeriod } from '../named-period.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { planToRate, type PlanToRate } from '../plan-to-rate.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { keyOf, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { simulateGiven, simulatePeriod } from '../simulate-plan.ts';
import { visibleTenant } from '../visible-tenant.ts';

/** A catalogue file, and usage beside it. */
const PRICING_BODY_BYTES_MAX = 2_097_152;
const USAGE_ENTRIES_MAX = 1_000;
const PARTS_MAX = 10_000;
const DECIMAL_CHARACTERS_MAX = 60;
/** Tenants of one page: each is a few reads of the ledger. */
const COMPARED_MAX = 100;

const quantity = z
  .string('must be a string of plain digits')
  .max(DECIMAL_CHARACTERS_MAX)
  .refine((text) => isPlainDecimal(text) && !text.startsWith('-'), 'must be a plain decimal that is not negative');

const PART = z.strictObject({
  values: z.record(z.string(), z.string('must be text')).optional(),
  bucket: z
    .string()
    .refine((text) => parseInstant(text) !== undefined, 'must be an RFC 3339 instant')
    .optional(),
  quantity,
});

const USAGE = z.strictObject({
  charge: z.string('must be the key of a charge').optional(),
  meter: z.string('must be the key of a meter').optional(),
  quantity: quantity.optional(),
  parts: z.array(PART).max(PARTS_MAX).optional(),
  amounts: z.array(quantity).max(PARTS_MAX).optional(),
});

const period = z
  .string()
  .refine(isPeriodQuestion, 'must be open, last or the RFC 3339 instant at which a period starts');
const PLAN_QUESTION = {
  plan: z.string('must be KEY or KEY@VERSION').max(100).optional(),
  catalogue: z.string('must be the text of a catalogue file').optional(),
  file: z.string().min(1).max(500).optional(),
};

const SIMULATE_BODY = z.strictObject({
  ...PLAN_QUESTION,
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
  usage: z.array(USAGE).max(USAGE_ENTRIES_MAX).optional(),
  period: period.optional(),
});

const COMPARE_BODY = z.strictObject({
  ...PLAN_QUESTION,
  period: period.default('last'),
  cursor: z.string().min(1).max(500).optional(),
  limit: z.int('must be a whole number').min(1).max(COMPARED_MAX, `must be at most ${COMPARED_MAX}`).optional(),
});

/** What usage, or a past period of a tenant, would be billed by a plan. Writes nothing. */
async function postSimulate(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps, atMicros } = context;
  const body = checkBody(await readJson(context.request, PRICING_BODY_BYTES_MAX), SIMULATE_BODY);
  const snapshot = await deps.catalogue.reload();
  const rated = planToRate(snapshot, body);
  const entry = body.tenant === undefined ? null : (await visibleTenant(context, body.tenant)).entry;
  if (body.usage !== undefined) {
    const within = periodOf(entry, body.period, atMicros);
    // An add-on is rated by itself, as a plan would be.
    const { addOn: _beside, ...plan } = entry === null ? rated.plan : planFor(entry, rated.plan, within.startMicros);
    const read = usageOfCharges(plan.charges, rated.meters, body.usage);
    if ('problems' in read) throw wrongUsage(read.problems);
    const given = { entry, period: within, usage: read.usage };
    return { status: 200, body: simulateGiven(snapshot, { ...rated, plan }, given) };
  }
  if (entry === null) {
    throw badRequest('invalid_body', 'usage: is required, or a tenant whose past period is rated', 'usage');
  }
  const past = { entry, period: periodOf(entry, body.period ?? 'last', atMicros) };
  return { status: 200, body: await simulatePeriod(deps.pool, snapshot, rated, past) };
}

const MONTHS: BillingCalendar = { timeZone: 'UTC', anchor: '2000-01-01T00:00:00Z', length: 'month', endsAt: null };

function periodOf(entry: TenantEntry | null, question: string | undefined, atMicros: EpochMicros): Period {
  const found = entry === null ? periodAt(MONTHS, atMicros) : namedPeriod(entry, question ?? 'open', atMicros);
  if (found !== undefined) return found;
  const name = question ?? 'open';
  throw notFound('unknown_period', `tenant ${entry?.tenant.id ?? ''} has no period ${name}: name one by its start`);
}

function wrongUsage(problems: readonly { readonly path: string; readonly message: string }[]): ApiError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const message = `${first?.path ?? 'usage'}: ${first?.message ?? 'cannot be read'}${more}`;
  return new ApiError({
    status: 422,
    code: 'invalid_usage',
    message,
    path: first?.path ?? 'usage',
    members: { problems },
  });
}

const TENANT_CURSOR = /^[A-Za-z0-9_-]{1,64}$/;

/** A page of tenants: what each was billed for a period, and what it would have been by a plan. Writes nothing. */
async function postCompare(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { deps } = context;
  const body = checkBody(await readJson(context.request, PRICING_BODY_BYTES_MAX), COMPARE_BODY);
  const snapshot = await deps.catalogue.reload();
  const rated = planToRate(snapshot, body);
  const after = readCursor(body, TENANT_CURSOR);
  const limit = Math.min(limitOf(body), COMPARED_MAX);
  const entries = [...snapshot.tenants.values()]
    .filter(({ tenant }) => after === null || tenant.id > after)
    .toSorted((one, other) => (one.tenant.id < other.tenant.id ? -1 : 1))
    .slice(0, limit + 1);
  const page = toPage(entries, limit, ({ tenant }) => tenant.id);
  const data = await compareEach(context, snapshot, rated, { entries: page.data, period: body.period });
  const { key, version, name } = rated.plan;
  const plan = { key, version, name, stored: rated.isStored };
  return {
    status: 200,
    body: {
      plan,
      asOf: formatInstant(context.atMicros),
      tenants: snapshot.tenants.size,
      data,
      nextCursor: page.nextCursor,
    },
  };
}

/** One after the other: this is not what the connections to the database are kept for. */
async function compareEach(
  { deps, atMicros }: RouteContext,
  snapshot: CatalogueSnapshot,
  rated: PlanToRate,
  asked: { readonly entries: readonly TenantEntry[]; readonly period: string },
): Promise<PlanComparison[]> {
  const compared: PlanComparison[] = [];
  for (const entry of asked.entries) {
    compared.push(await comparePlan(deps.pool, snapshot, rated, { entry, period: asked.period, atMicros }));
  }
  return compared;
}

export const PRICING_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/pricing/simulate', scopes: READ, handle: postSimulate },
  { method: 'post', path: '/v1/pricing/compare', scopes: READ, handle: postCompare },
];
