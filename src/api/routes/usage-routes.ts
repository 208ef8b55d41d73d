import { z } from 'zod';

import type { CatalogueSnapshot } from '../../catalog/catalogue-snapshot.ts';
import { formatInstant, MICROS_PER_DAY, MICROS_PER_HOUR } from '../../domain/instant.ts';
import { readUsage, readUsageByDimension, USAGE_BUCKETS_MAX } from '../../ledger/read-usage.ts';
import { type ApiError, badRequest } from '../api-error.ts';
import { openPeriod, readOpenPeriodUsage } from '../open-period-usage.ts';
import { openPeriodView } from '../open-period-view.ts';
import { instantParameter, readQuery } from '../read-query.ts';
import { parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const USAGE_QUERY = z.strictObject({
  from: instantParameter.optional(),
  to: instantParameter.optional(),
  by: z.enum(['hour', 'day', 'month'], 'must be hour, day or month').default('day'),
  meter: z.string().optional(),
  dimension: z.string().optional(),
});

const BUCKET_MICROS = { hour: MICROS_PER_HOUR, day: MICROS_PER_DAY, month: 28 * MICROS_PER_DAY } as const;

/** Usage from the rollups by the events' own time in the tenant's zone, and beside it the open period up to this moment. */
async function getUsage(context: RouteContext): Promise<RouteAnswer> {
  const { deps, atMicros } = context;
  const query = readQuery(context, USAGE_QUERY);
  const { entry, snapshot } = await visibleTenant(context, parameter(context, 'id'));
  const { id: tenant, timeZone } = entry.tenant;
  const period = openPeriod(entry, atMicros);
  const from = query.from ?? period?.startMicros ?? entry.billingStartMicros;
  // Events may lie a little ahead of the clock; an hour belongs to the answer when it starts in the span.
  const to = query.to ?? Math.max(from, atMicros) + MICROS_PER_HOUR;
  if (to <= from) throw badRequest('invalid_query', 'to must be after from', 'to');
  const { meter: asked, dimension } = query;
  checkMeter(snapshot, asked, dimension);
  const meters = asked === undefined ? Math.max(snapshot.meters.size, 1) : 1;
  const buckets = Math.ceil((to - from) / BUCKET_MICROS[query.by]) * meters;
  if (buckets > USAGE_BUCKETS_MAX) throw tooMuch(`up to ${buckets}`);
  const span = { tenant, from, to, by: query.by, timeZone };
  const [rows, live] = await Promise.all([
    asked === undefined || dimension === undefined
      ? readUsage(deps.pool, { ...span, ...(asked !== undefined && { meters: [asked] }) })
      : readUsageByDimension(deps.pool, { ...span, meter: asked, dimension }),
    period === undefined ? undefined : readOpenPeriodUsage(deps, snapshot, entry, period),
  ]);
  if (rows.length > USAGE_BUCKETS_MAX) throw tooMuch(`more than ${USAGE_BUCKETS_MAX}`);
  const data = rows.map(({ startMicros, meter, quantity, eventCount, ...more }) => ({
    start: formatInstant(startMicros),
    meter,
    ...('value' in more && { value: more.value }),
    unit: snapshot.meters.get(meter)?.unit ?? 'unit',
    quantity,
    eventCount,
  }));
  const told = {
    ...span,
    from: formatInstant(from),
    to: formatInstant(to),
    ...(dimension !== undefined && { dimension }),
  };
  return { status: 200, body: { ...told, data, ...openPeriodView(live, asked) } };
}

/** Refuses what would be answered with nothing although there is usage, by another name. */
function checkMeter(snapshot: CatalogueSnapshot, key: string | undefined, dimension: string | undefined): void {
  if (key === undefined && dimension === undefined) return;
  if (key === undefined) throw badRequest('invalid_query', 'a dimension is one of a meter: name it as meter', 'meter');
  const meter = snapshot.meters.get(key);
  if (meter === undefined) throw badRequest('invalid_query', `there is no meter ${key}`, 'meter');
  if (dimension === undefined || meter.dimensions.includes(dimension)) return;
  const known = meter.dimensions.length === 0 ? 'none' : meter.dimensions.join(', ');
  throw badRequest('invalid_query', `the meter ${key} has no dimension ${dimension}: it has ${known}`, 'dimension');
}

function tooMuch(figures: string): ApiError {
  const message = `that is ${figures} figures, at most ${USAGE_BUCKETS_MAX} are answered: ask for less time, or by day`;
  return badRequest('invalid_query', message, 'from');
}

export const USAGE_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/tenants/:id/usage', scopes: READ, handle: getUsage },
];
