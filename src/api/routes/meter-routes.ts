import { z } from 'zod';

import { TENANT_PATTERN } from '../../domain/event.ts';
import { parseInstant } from '../../domain/instant.ts';
import { ApiError, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { countBack } from '../count-back.ts';
import { command } from '../mutate.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

const BODY_BYTES_MAX = 4_096;

const COUNT_BACK_BODY = z.strictObject({
  to: z.string('must be an instant').refine((text) => parseInstant(text) !== undefined, {
    message: 'must be an RFC 3339 instant with a zone, like 2026-11-01T00:00:00Z',
  }),
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
});

/** Lets a new meter read events that were accepted before it was there; see `countBack`. */
async function postCountBack(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = checkBody(await readJson(context.request, BODY_BYTES_MAX), COUNT_BACK_BODY);
  const key = parameter(context, 'key');
  const snapshot = await context.deps.catalogue.reload();
  const meter = snapshot.meters.get(key);
  if (meter === undefined) throw notFound('unknown_meter', `there is no meter ${key}`);
  if (meter.version > 1) {
    const message =
      `the meter ${key} has ${meter.version} versions, and what an older one has read is never read again: define a meter ` +
      'with another key and count that one back';
    throw new ApiError({ status: 409, code: 'meter_has_versions', message });
  }
  const tenants = [...snapshot.tenants.values()].filter(({ tenant }) => [undefined, tenant.id].includes(body.tenant));
  if (tenants.length === 0 && body.tenant !== undefined) {
    throw notFound('unknown_tenant', `there is no tenant ${body.tenant}`);
  }
  return command(context, JSON.stringify(body), async () => {
    const request = { snapshot, meter, toMicros: parseInstant(body.to) ?? 0, tenants };
    const result = await countBack(context.deps, request);
    return {
      answer: { status: 200, body: { meter: key, ...result } },
      action: 'meter.count_back',
      subject: key,
      details: { to: body.to, tenant: body.tenant ?? null, ...result },
      isWithoutEffect: result.counted === 0,
    };
  });
}

export const METER_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/meters/:key/count-back', scopes: ADMIN, handle: postCountBack },
];
