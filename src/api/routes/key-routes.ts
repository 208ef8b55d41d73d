import { z } from 'zod';

import { createKey, KEY_SCOPES, listKeys, revokeKey, rotateKey } from '../../catalog/api-keys.ts';
import { TENANT_PATTERN } from '../../domain/event.ts';
import { parseInstant } from '../../domain/instant.ts';
import { ApiError, badRequest, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { mutate } from '../mutate.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const BODY_BYTES_MAX = 16_384;
const NAME_CHARACTERS_MAX = 200;

const NEW_KEY = z.strictObject({
  name: z.string('must be text').min(1, 'must not be empty').max(NAME_CHARACTERS_MAX),
  scopes: z.array(z.enum(KEY_SCOPES as [string, ...string[]], `must be one of ${KEY_SCOPES.join(', ')}`)).min(1),
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').nullable().default(null),
  expiresAt: z.string().nullable().default(null),
});

async function postKey(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, BODY_BYTES_MAX);
  const { name, tenant, ...rest } = checkBody(body, NEW_KEY);
  const scopes = KEY_SCOPES.filter((scope) => rest.scopes.includes(scope));
  if (tenant !== null) await visibleTenant(context, tenant);
  const expiresAtMicros = rest.expiresAt === null ? null : parseInstant(rest.expiresAt);
  if (expiresAtMicros === undefined || (expiresAtMicros !== null && expiresAtMicros <= context.atMicros)) {
    throw badRequest('invalid_body', 'expiresAt: must be an RFC 3339 instant in the future', 'expiresAt');
  }
  const { atMicros } = context;
  const { mode } = context.deps;
  return mutate(context, JSON.stringify(body), async (client) => {
    const made = await createKey(client, { name, scopes, tenant, expiresAtMicros, mode, atMicros });
    return {
      answer: { status: 201, body: { ...made.key, secret: made.secret } },
      // The secret is shown once and kept nowhere: a replay tells which key was made, and it can be revoked.
      keptBody: { ...made.key, secret: null },
      action: 'key.create',
      subject: made.key.id,
      details: { name, scopes, tenant },
    };
  });
}

async function getKeys(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const query = readQuery(context, z.strictObject(pageParameters));
  const limit = limitOf(query);
  const keys = await listKeys(context.deps.pool, { after: readCursor(query, /^key_[0-9a-f]{32}$/), limit: limit + 1 });
  return { status: 200, body: toPage(keys, limit, ({ id }) => id) };
}

/** A day: time to roll out a new secret. A month at most, since the point of a rotation is that the old one ends. */
const OVERLAP_SECONDS_DEFAULT = 86_400;
const OVERLAP_SECONDS_MAX = 30 * 86_400;

const ROTATION = z.strictObject({
  overlapSeconds: z
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(OVERLAP_SECONDS_MAX, `must be at most ${OVERLAP_SECONDS_MAX}`)
    .default(OVERLAP_SECONDS_DEFAULT),
});

async function postRotation(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const body = await readJson(context.request, BODY_BYTES_MAX);
  const { overlapSeconds } = checkBody(body, ROTATION);
  const id = parameter(context, 'id');
  const { atMicros } = context;
  const { mode } = context.deps;
  const answer = await mutate(context, JSON.stringify(body), async (client) => {
    const rotation = await rotateKey(client, id, { overlapSeconds, mode, atMicros });
    if (rotation === 'unknown') throw unknownKey(id);
    if (rotation === 'ended') {
      const message = `the key ${id} is revoked or has expired: make a new one with POST /v1/keys`;
      throw new ApiError({ status: 409, code: 'key_ended', message });
    }
    const { old, key, secret } = rotation;
    return {
      answer: { status: 201, body: { ...key, secret, old } },
      keptBody: { ...key, secret: null, old },
      action: 'key.rotate',
      subject: id,
      details: { name: key.name, newKey: key.id, oldExpiresAt: old.expiresAt },
    };
  });
  context.deps.keys.clear();
  return answer;
}

function unknownKey(id: string): ApiError {
  return notFound('unknown_key', `there is no key ${id}: GET /v1/keys lists them`);
}

async function deleteKey(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const id = parameter(context, 'id');
  const answer = await mutate(context, '', async (client) => {
    const revoked = await revokeKey(client, id, context.atMicros);
    if (revoked === undefined) throw unknownKey(id);
    const { key, isNew } = revoked;
    const details = { name: key.name };
    return { answer: { status: 200, body: key }, action: 'key.revoke', subject: id, details, isWithoutEffect: !isNew };
  });
  context.deps.keys.clear();
  return answer;
}

export const KEY_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/keys', scopes: ADMIN, handle: postKey },
  { method: 'get', path: '/v1/keys', scopes: ADMIN, handle: getKeys },
  { method: 'post', path: '/v1/keys/:id/rotate', scopes: ADMIN, handle: postRotation },
  { method: 'delete', path: '/v1/keys/:id', scopes: ADMIN, handle: deleteKey },
];
