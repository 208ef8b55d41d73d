import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';

import type { ApiDeps } from './api-deps.ts';
import { ApiError, badRequest, notFound, problemBody, PROBLEM_TYPE } from './api-error.ts';
import type { ApiErrorDetails } from './api-error.ts';
import { authorize } from './authorize.ts';
import { dependencyFault } from './dependency-faults.ts';
import { LineStream, sendLines } from './line-stream.ts';
import type { Route, RouteAnswer } from './route.ts';
import { ROUTES } from './routes/index.ts';

const IDEMPOTENCY_KEY_FORM = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** The Express app: every route of the table, JSON refusals for everything else. It owns no connection and no clock. */
export function createApp(deps: ApiDeps, routes: readonly Route[] = ROUTES): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // The query is read from the URL by the routes themselves, as a flat list of names and values.
  app.set('query parser', false);
  app.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    next();
  });
  for (const route of routes) {
    app[route.method](route.path, (request, response, next) => {
      answerRequest(deps, route, request, response).catch(next);
    });
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    app.all(path, (_request, _response, next) => next(methodNotAllowed(path, routes)));
  }
  app.use((request, _response, next) => {
    next(
      notFound('unknown_route', `there is no ${request.method} ${request.path}: docs/openapi.yaml lists the routes`),
    );
  });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else sendProblem(response, detailsOf(deps, request, error));
  });
  return app;
}

async function answerRequest(deps: ApiDeps, route: Route, request: Request, response: Response): Promise<void> {
  const isOpen = route.scopes === null || route.isAuthorizedByHandler === true;
  const key = isOpen ? null : await authorize(request, deps.keys, route.scopes);
  const answer = await route.handle({
    deps,
    request,
    key,
    params: request.params as Readonly<Record<string, string>>,
    query: new URL(request.url, 'http://service').searchParams,
    idempotencyKey: idempotencyKeyOf(request),
    atMicros: deps.clock(),
  });
  if (answer.body instanceof LineStream) {
    await sendLines(response, answer.body, (error) =>
      deps.log.warn({ err: error, method: request.method, path: request.path }, 'an answer could not be completed'),
    );
  } else sendAnswer(response, answer);
}

function idempotencyKeyOf(request: Request): string | null {
  const value = request.headers['idempotency-key'];
  if (value === undefined) return null;
  if (typeof value === 'string' && IDEMPOTENCY_KEY_FORM.test(value)) return value;
  throw badRequest(
    'invalid_header',
    'Idempotency-Key must have 1 to 255 printable ASCII characters',
    'Idempotency-Key',
  );
}

function sendAnswer(response: Response, answer: RouteAnswer): void {
  response.status(answer.status);
  response.set(answer.headers ?? {});
  if (answer.body === undefined) response.end();
  else if (typeof answer.body === 'string') sendText(response, answer.body);
  else sendJson(response, answer.body, 'application/json; charset=utf-8');
}

function sendText(response: Response, text: string): void {
  if (response.getHeader('content-type') === undefined) response.type('text/plain; charset=utf-8');
  response.send(text);
}

function sendJson(response: Response, body: unknown, type: string): void {
  if (response.getHeader('content-type') === undefined) response.setHeader('content-type', type);
  response.end(JSON.stringify(body));
}

function sendProblem(response: Response, details: ApiErrorDetails): void {
  response.status(details.status);
  response.set(details.headers ?? {});
  sendJson(response, problemBody(details), PROBLEM_TYPE);
}

function methodNotAllowed(path: string, routes: readonly Route[]): ApiError {
  const allowed = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
  const message = `this route takes ${allowed.join(' and ')} only`;
  return new ApiError({ status: 405, code: 'method_not_allowed', message, headers: { allow: allowed.join(', ') } });
}

/** What is not meant by a route is a dependency that does not answer, or our own fault: logged whole, told without details. */
function detailsOf(deps: ApiDeps, request: Request, error: unknown): ApiErrorDetails {
  if (error instanceof ApiError) return error.details;
  const fault = dependencyFault(error);
  if (fault !== undefined) {
    deps.log.warn({ err: error, method: request.method, path: request.path }, 'a dependency does not answer');
    return fault.details;
  }
  if (error instanceof URIError) {
    return badRequest('invalid_path', 'the path has a percent sign that starts no valid escape').details;
  }
  deps.log.error({ err: error, method: request.method, path: request.path }, 'a request failed');
  const message = 'the service failed on this request; its log says why';
  return { status: 500, code: 'internal_error', message };
}
