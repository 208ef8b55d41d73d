import type { ClientOptions } from './api-caller.ts';
import { ApiCaller } from './api-caller.ts';

/** Members of a query; `undefined` ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A path whose variable parts are escaped: `path`/v1/tenants/${id}/usage``. */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);
}

/** A route with its query. */
export function withQuery(route: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? route : `${route}?${search.toString()}`;
}

/** How the methods of the client ask. */
export abstract class RequestingClient {
  protected readonly caller: ApiCaller;

  constructor(options: ClientOptions) {
    this.caller = new ApiCaller(options);
  }

  /** The service's address. */
  get url(): string {
    return this.caller.url;
  }

  /** Reads. */
  protected get<T>(route: string, query: Query = {}): Promise<T> {
    return this.caller.json<T>({ method: 'GET', path: withQuery(route, query) });
  }

  /** A question with a body, which changes nothing. */
  protected ask<T>(route: string, body: unknown): Promise<T> {
    return this.caller.json<T>({ method: 'POST', path: route, body: JSON.stringify(body) });
  }

  /** Asks for an answer that comes line by line. */
  protected lines(route: string, body: unknown): AsyncGenerator {
    return this.caller.lines({ method: 'POST', path: route, body: JSON.stringify(body) });
  }

  /** A change keeps its `Idempotency-Key` over all tries, so that an answer lost on the way never makes it happen twice. */
  protected change<T>(method: 'POST' | 'DELETE', route: string, body?: unknown): Promise<T> {
    return this.caller.json<T>({
      method,
      path: route,
      idempotencyKey: crypto.randomUUID(),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
