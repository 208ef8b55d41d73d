import { TollkeeperError } from './tollkeeper-error.ts';

/** One request as the client makes it. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From `/v1` on, with its query. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** Where requests go and in whose name. */
export interface CallTarget {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}

/** Sends a request once and answers the text of a successful answer. @throws TollkeeperError for everything else */
export async function callOnce(target: CallTarget, call: Call): Promise<string> {
  const response = await openCall(target, call, AbortSignal.timeout(target.timeoutMs));
  try {
    return await response.text();
  } catch (error) {
    throw noAnswer(target, error);
  }
}

/** Sends a request once and answers a successful answer whose body is still to be read. @throws TollkeeperError otherwise */
export async function openCall(target: CallTarget, call: Call, signal: AbortSignal): Promise<Response> {
  let response: Response;
  let text: string;
  try {
    response = await target.fetch(`${target.baseUrl}${call.path}`, {
      method: call.method,
      headers: headersOf(target, call),
      signal,
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    if (response.ok) return response;
    text = await response.text();
  } catch (error) {
    throw noAnswer(target, error);
  }
  throw refusal(response, text);
}

function headersOf(target: CallTarget, call: Call): Record<string, string> {
  return {
    accept: call.accept ?? 'application/json',
    ...(target.apiKey === undefined ? {} : { authorization: `Bearer ${target.apiKey}` }),
    ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
    ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
  };
}

function noAnswer(target: CallTarget, error: unknown): TollkeeperError {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    const message = `the Tollkeeper API at ${target.baseUrl} did not answer within ${target.timeoutMs / 1_000} s`;
    return new TollkeeperError({ status: 0, code: 'timed_out', message }, undefined, error);
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const detail = cause instanceof Error ? cause.message || cause.name : String(cause);
  const message = `the Tollkeeper API at ${target.baseUrl} cannot be reached (${detail}): start it, or check the URL`;
  return new TollkeeperError({ status: 0, code: 'unreachable', message }, undefined, error);
}

/** Reads the service's error form `{error: {code, message, path?}}`; an answer of something in between has none. */
function refusal(response: Response, text: string): TollkeeperError {
  const details = errorMember(text);
  return new TollkeeperError({
    status: response.status,
    code: details?.code ?? 'unreadable_answer',
    message: details?.message ?? `${response.url} answered ${response.status} ${response.statusText} without a reason`,
    path: details?.path,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
  });
}

function errorMember(text: string): { code: string; message: string; path?: string | undefined } | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const error = (body as { error?: { code?: unknown; message?: unknown; path?: unknown } } | null)?.error;
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') return undefined;
  return { code: error.code, message: error.message, path: typeof error.path === 'string' ? error.path : undefined };
}

/** `Retry-After` in its form of seconds; the form with a date is not used by the service and is passed over. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
