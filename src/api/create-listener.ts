import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import type { ApiDeps } from './api-deps.ts';
import { problemBody, PROBLEM_TYPE } from './api-error.ts';
import { askRoute, COMMON_HEADERS, failureDetails } from './ask-route.ts';
import { createApp } from './create-app.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes/index.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * What the server listens with: the hot routes are answered here, without the router and the middleware of Express, which cost
 * more than all else that one event needs; everything else, and every other way of writing their paths, is the app's. The handlers
 * and the answers are the same (decision 20).
 */
export function createListener(deps: ApiDeps, routes: readonly Route[] = ROUTES): RequestListener {
  const app = createApp(deps, routes);
  const hot = new Map(routes.filter(isHot).map((route) => [route.path, route]));
  return (request, response) => {
    const route = request.method === 'POST' ? hot.get(request.url ?? '') : undefined;
    if (route === undefined) app(request, response);
    else void answerHotRoute(deps, route, request, response);
  };
}

function isHot(route: Route): boolean {
  return route.isHot === true && route.method === 'post';
}

const NO_PARAMETERS: Readonly<Record<string, string>> = {};
const NO_QUERY = new URLSearchParams();

async function answerHotRoute(
  deps: ApiDeps,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const asked = { request, params: NO_PARAMETERS, query: NO_QUERY };
    const { status, headers = {}, body } = await askRoute(deps, route, asked);
    send(response, { status, headers, body, type: JSON_TYPE });
  } catch (error) {
    const details = failureDetails(deps, request, error);
    // An answer that is on its way cannot be taken back: the client sees a connection that breaks off.
    if (response.headersSent) response.destroy();
    else send(response, { ...details, headers: details.headers ?? {}, body: problemBody(details), type: PROBLEM_TYPE });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: unknown;
  /** Unless the headers have one. */
  readonly type: string;
}

function send(response: ServerResponse, { status, headers, body, type }: Answer): void {
  response.statusCode = status;
  for (const [name, value] of COMMON_HEADERS) response.setHeader(name, value);
  for (const name in headers) response.setHeader(name, headers[name] ?? '');
  if (!response.hasHeader('content-type')) response.setHeader('content-type', type);
  response.end(JSON.stringify(body));
}
