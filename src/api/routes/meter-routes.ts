import { z } from 'zod';

import { TENANT_PATTERN } from '../../domain/event.ts';
import { parseInstant } from '../../domain/instant.ts';
import { ApiError, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { countBack, type CountBackPlace } from '../count-back.ts';
import { command } from '../mutate.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';

const BODY_BYTES_MAX = 4_096;
const CURSOR_CHARACTERS_MAX = 200;

const COUNT_BACK_BODY = z.strictObject({
  to: z.string('must be an instant').refine((text) => parseInstant(text) !== undefined, {
    message: 'must be an RFC 3339 instant with a zone, like 2026-11-01T00:00:00Z',
  }),
  cursor: z.string().max(CURSOR_CHARACTERS_MAX).optional(),
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
});

const CURSOR = /^([A-Za-z0-9_-]{1,64})\.(\d{1,16})\.([0-9a-f]{32})$/;

function encodePlace({ tenant, occurredAtMicros, idDigest }: CountBackPlace): string {
  return Buffer.from(`${tenant}.${occurredAtMicros}.${idDigest.toString('hex')}`).toString('base64url');
}

/** @throws ApiError 400 for a cursor that no answer had */
function decodePlace(cursor: string): CountBackPlace {
  const match = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) {
    const message = 'cursor: not one of these answers: send nextCursor as it was answered';
    throw new ApiError({ status: 400, code: 'invalid', message, path: 'cursor' });
  }
  const [, tenant = '', micros = '', hex = ''] = match;
  return { tenant, occurredAtMicros: Number(micros), idDigest: Buffer.from(hex, 'hex') };
}

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
  const after = body.cursor === undefined ? {} : { after: decodePlace(body.cursor) };
  return command(context, JSON.stringify(body), async () => {
    const request = { snapshot, meter, toMicros: parseInstant(body.to) ?? 0, tenants, ...after };
    const { next, ...result } = await countBack(context.deps, request);
    const nextCursor = next === null ? null : encodePlace(next);
    return {
      answer: { status: 200, body: { meter: key, ...result, nextCursor } },
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
