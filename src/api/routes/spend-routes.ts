import { z } from 'zod';

import { formatInstant } from '../../domain/instant.ts';
import { dueMinorOf } from '../../domain/invoice.ts';
import { formatMinor } from '../../domain/money.ts';
import { ApiError } from '../api-error.ts';
import { openPeriod, readOpenPeriodUsage } from '../open-period-usage.ts';
import { openPeriodView } from '../open-period-view.ts';
import { rateOpenPeriod } from '../rate-open-period.ts';
import { readQuery } from '../read-query.ts';
import { parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { spendDetails } from '../spend-view.ts';
import { visibleTenant } from '../visible-tenant.ts';

/** What the open period would cost if it ended now, by charge and by meter, and what it leads to. */
async function getSpend(context: RouteContext): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  readQuery(context, z.strictObject({}));
  const { entry, snapshot } = await visibleTenant(context, parameter(context, 'id'));
  const { id: tenant, currency } = entry.tenant;
  const period = openPeriod(entry, atMicros);
  if (period === undefined) {
    const message = `tenant ${tenant} has no open period now: GET /v1/invoices?tenant=${tenant} shows what was billed`;
    throw new ApiError({ status: 409, code: 'no_open_period', message });
  }
  const usage = await readOpenPeriodUsage(deps, snapshot, entry, period);
  const rated = await rateOpenPeriod(deps.pool, snapshot, entry, usage);
  if (rated === undefined) throw notRatable(tenant, ['it has no plan']);
  const { plan, inputs, result } = rated;
  if ('problems' in result || inputs === null) {
    throw notRatable(tenant, 'problems' in result ? result.problems : ['its usage could not be read']);
  }
  const { lines, taxLines, creditLines = [], subtotalMinor, taxMinor, totalMinor } = result.content;
  const view = openPeriodView(usage);
  const body = {
    tenant,
    asOf: formatInstant(atMicros),
    period: view.period,
    plan: { key: plan.key, version: plan.version, name: plan.name },
    currency,
    usage: view.live,
    usageSource: view.liveSource,
    ...spendDetails(inputs, result.content, { atMicros, usage: usage.meters }),
    lines,
    taxLines,
    creditLines,
    subtotalMinor,
    taxMinor,
    totalMinor,
    dueMinor: dueMinorOf(result.content).toString(),
    total: formatMinor(BigInt(totalMinor), currency),
  };
  return { status: 200, body };
}

function notRatable(tenant: string, problems: readonly string[]): ApiError {
  const message = `the open period of ${tenant} cannot be rated: ${problems.join('; ')}`;
  return new ApiError({ status: 409, code: 'not_ratable', message });
}

export const SPEND_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/tenants/:id/spend', scopes: READ, handle: getSpend },
];
