import { STATUS_CODES } from 'node:http';

/** What an answer that is not a success says. */
export interface ApiErrorDetails {
  readonly status: number;
  /** A word for programs, in snake case. */
  readonly code: string;
  /** A sentence for people: what was wrong and how to mend it. */
  readonly message: string;
  /** The field at fault. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the answer beside `error`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A refusal that a route means: it becomes the answer as it is, and is no fault of the service. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly details: ApiErrorDetails;

  constructor(details: ApiErrorDetails) {
    super(details.message);
    this.details = details;
  }
}

/** The body of a refusal: `{error: {code, message, path?}}` with the members of RFC 9457 beside it. */
export function problemBody({ status, code, message, path, members }: ApiErrorDetails): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    ...members,
    error: { code, message, ...(path === undefined ? {} : { path }) },
  };
}

/** The media type of every refusal (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** What the path names is not there, or not for this key. */
export function notFound(code: string, message: string): ApiError {
  return new ApiError({ status: 404, code, message });
}

/** A part of the request that cannot be read. @param path the query parameter, or the field of the body */
export function badRequest(code: string, message: string, path?: string): ApiError {
  return new ApiError({ status: 400, code, message, ...(path === undefined ? {} : { path }) });
}

/** Seconds after which a request that met a dead dependency may be tried again. */
const RETRY_AFTER_SECONDS = 1;

/** A store or server that the request needed does not answer. */
export function unavailable(dependency: 'postgresql' | 'redis' | 'temporal', message: string): ApiError {
  return new ApiError({
    status: 503,
    code: 'dependency_unavailable',
    message: `${dependency} does not answer (${message}): try again; GET /readyz shows the state of every dependency`,
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    members: { dependency },
  });
}
