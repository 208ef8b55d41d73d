import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';

import type { ApiDeps } from './api-deps.ts';
import { ApiError, notFound, problemBody, PROBLEM_TYPE } from './api-error.ts';
import type { ApiErrorDetails } from './api-error.ts';
import { askRoute, COMMON_HEADERS, failureDetails } from './ask-route.ts';
import { LineStream, sendLines } from './line-stream.ts';
import type { Route, RouteAnswer } from './route.ts';
import { ROUTES } from './routes/index.ts';

/** The Express app: every route of the table, JSON refusals for everything else. It owns no connection and no clock. */
export function createApp(deps: ApiDeps, routes: readonly Route[] = ROUTES): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // The query is read from the URL by the routes themselves, as a flat list of names and values.
  app.set('query parser', false);
  app.use((_request, response, next) => {
    for (const [name, value] of COMMON_HEADERS) response.setHeader(name, value);
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
    else sendProblem(response, failureDetails(deps, request, error));
  });
  return app;
}

async function answerRequest(deps: ApiDeps, route: Route, request: Request, response: Response): Promise<void> {
  const params = request.params as Readonly<Record<string, string>>;
  const query = new URL(request.url, 'http://service').searchParams;
  const answer = await askRoute(deps, route, { request, params, query });
  if (answer.body instanceof LineStream) {
    await sendLines(response, answer.body, (error) =>
      deps.log.warn({ err: error, method: request.method, path: request.path }, 'an answer could not be completed'),
    );
  } else sendAnswer(response, answer);
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
