import type { IncomingMessage } from 'node:http';

import type { AuthenticatedKey, KeyScope } from '../catalog/api-keys.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { ApiDeps } from './api-deps.ts';

/** One request on its way through a route. */
export interface RouteContext {
  readonly deps: ApiDeps;
  readonly request: IncomingMessage;
  /** Who asks; routes without a scope get nobody. */
  readonly key: AuthenticatedKey | null;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** `Idempotency-Key`, checked for its form. */
  readonly idempotencyKey: string | null;
  /** When the request came. */
  readonly atMicros: EpochMicros;
  /** How long it has waited for its key, in milliseconds: part of the time in which a hot route answers. */
  readonly waitedMs: number;
}

/** What a route answers when it did not refuse. */
export interface RouteAnswer {
  readonly status: number;
  /** Sent as JSON; `undefined`: no body. A string is sent as it is, as plain text; a `LineStream` line by line. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One route of the API. The table of all of them is `routes/index.ts`. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As Express and (with braces) docs/openapi.yaml write it. */
  readonly path: string;
  /** The scopes of which a key needs one; `null`: no key is asked for. */
  readonly scopes: readonly KeyScope[] | null;
  /** The handler checks key and scopes itself, in its own order with the other checks of the request. */
  readonly isAuthorizedByHandler?: true;
  /** Answered in front of Express: a `post` without path parameters or query that answers JSON, as often as there is usage. */
  readonly isHot?: true;
  readonly handle: (context: RouteContext) => Promise<RouteAnswer>;
}

/** The scopes of routes that only read. */
export const READ: readonly KeyScope[] = ['read', 'admin'];
/** The scopes of routes that change something. */
export const ADMIN: readonly KeyScope[] = ['admin'];

/** The key of a request whose route asks for one. */
export function keyOf(context: RouteContext): AuthenticatedKey {
  if (context.key === null) throw new Error('this route asks for no key, so none is known');
  return context.key;
}

/** A path parameter; the router has matched it. */
export function parameter(context: RouteContext, name: string): string {
  const value = context.params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}
