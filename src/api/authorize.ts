import type { IncomingMessage } from 'node:http';

import type { AuthenticatedKey, KeyScope } from '../catalog/api-keys.ts';
import type { KeyCache } from '../catalog/key-cache.ts';
import { ApiError } from './api-error.ts';

const BEARER = /^bearer +([\x21-\x7e]{1,200})$/i;

/** Finds the key of a request and checks that it may. @throws ApiError 401 or 403 */
export async function authorize(
  request: IncomingMessage,
  keys: KeyCache,
  scopes: readonly KeyScope[],
): Promise<AuthenticatedKey> {
  const secret = BEARER.exec(request.headers.authorization ?? '')?.[1];
  if (secret === undefined) {
    throw unauthorized('no API key: send the header "Authorization: Bearer tk_…"');
  }
  const key = await keys.authenticate(secret);
  if (key === undefined) throw unauthorized('this API key is not known here, was revoked or has expired');
  if (scopes.some((scope) => key.scopes.includes(scope))) return key;
  const message = `this API key may not do that: it needs the scope ${scopes.join(' or ')}`;
  throw new ApiError({ status: 403, code: 'forbidden', message });
}

function unauthorized(message: string): ApiError {
  const headers = { 'www-authenticate': 'Bearer realm="tollkeeper"' };
  return new ApiError({ status: 401, code: 'unauthorized', message, headers });
}

/** Refuses keys that are bound to a tenant where a route concerns all of them. @throws ApiError 403 */
export function requireUnbound(key: AuthenticatedKey): void {
  if (key.tenant === null) return;
  const message = `this API key is bound to tenant ${key.tenant}: use one that is bound to none`;
  throw new ApiError({ status: 403, code: 'forbidden', message });
}
