import type { IncomingMessage } from 'node:http';

import { answerInTime } from '../ingest/answer-in-time.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import type { ApiDeps } from './api-deps.ts';
import { ApiError, badRequest, unavailable } from './api-error.ts';
import type { ApiErrorDetails } from './api-error.ts';
import { authorize } from './authorize.ts';
import { dependencyFault } from './dependency-faults.ts';
import type { Route, RouteAnswer, RouteContext } from './route.ts';

/** What every answer says, whatever it is. */
export const COMMON_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
];

const IDEMPOTENCY_KEY_FORM = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** Asks for the key where the route wants one, and lets it answer. Rejects with `ApiError` for what is refused. */
export async function askRoute(
  deps: ApiDeps,
  route: Route,
  asked: Pick<RouteContext, 'request' | 'params' | 'query'>,
): Promise<RouteAnswer> {
  const { request, params, query } = asked;
  const isOpen = route.scopes === null || route.isAuthorizedByHandler === true;
  const askedAt = performance.now();
  const key = isOpen ? null : await bounded(route, authorize(request, deps.keys, route.scopes));
  const waitedMs = performance.now() - askedAt;
  const idempotencyKey = idempotencyKeyOf(request);
  return route.handle({ deps, request, key, params, query, idempotencyKey, atMicros: deps.clock(), waitedMs });
}

/** Whoever asks before the work is kept waiting no longer than a sender of events. Other routes have the time-outs of the stores. */
async function bounded<T>(route: Route, work: Promise<T>): Promise<T> {
  if (route.isHot !== true) return work;
  try {
    return await answerInTime(work);
  } catch (error) {
    if (!(error instanceof MeterUnavailableError)) throw error;
    throw unavailable('postgresql', 'the API key could not be checked in time');
  }
}

function idempotencyKeyOf(request: IncomingMessage): string | null {
  const value = request.headers['idempotency-key'];
  if (value === undefined) return null;
  if (typeof value === 'string' && IDEMPOTENCY_KEY_FORM.test(value)) return value;
  throw badRequest(
    'invalid_header',
    'Idempotency-Key must have 1 to 255 printable ASCII characters',
    'Idempotency-Key',
  );
}

/** What is not meant by a route is a dependency that does not answer, or our own fault: logged whole, told without details. */
export function failureDetails(deps: ApiDeps, request: IncomingMessage, error: unknown): ApiErrorDetails {
  if (error instanceof ApiError) return error.details;
  const { method } = request;
  const [path] = (request.url ?? '').split('?', 1);
  const fault = dependencyFault(error);
  if (fault !== undefined) {
    deps.log.warn({ err: error, method, path }, 'a dependency does not answer');
    return fault.details;
  }
  if (error instanceof URIError) {
    return badRequest('invalid_path', 'the path has a percent sign that starts no valid escape').details;
  }
  deps.log.error({ err: error, method, path }, 'a request failed');
  const message = 'the service failed on this request; its log says why';
  return { status: 500, code: 'internal_error', message };
}
