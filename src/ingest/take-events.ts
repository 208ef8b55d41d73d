import type { Readable } from 'node:stream';

import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import { BODY_BYTES_MAX } from '../domain/event.ts';
import type { EventResult } from '../domain/outcome.ts';
import { MeterUnavailableError, RedisProfileError } from '../meter/meter-errors.ts';
import { answerInTime } from './answer-in-time.ts';
import type { AttributeHeaders } from './binary-event.ts';
import { IngestFailure, type FailureCode } from './ingest-failure.ts';
import type { IngestService } from './ingest-service.ts';
import { checkBodySize, readContentType, readData, readEvents } from './read-body.ts';
import { readStream } from './read-stream.ts';
import { takeBatch } from './take-batch.ts';

/** `POST /v1/events` as ingest sees it: the headers that matter, and a body that is read only when they are in order. */
export interface IngestRequest {
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** As declared; what arrives is counted too. */
  readonly contentLength: string | undefined;
  /** Of a CloudEvent in binary mode: `attributeHeaders`. */
  readonly attributes?: AttributeHeaders | undefined;
  /** Part of derived ids. */
  readonly idempotencyKey: string | undefined;
  /** Whether each accepted event is told what it costs. */
  readonly asksForCost?: boolean | undefined;
  /** The bytes, or the request's stream, of which no more is read than an ingest body may have. */
  readonly body: Readable | Uint8Array;
}

/** What to answer. `headers` come beside `Content-Type: application/json`, or `application/problem+json` for an error. */
export interface IngestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly results: readonly EventResult[] } | { readonly error: IngestError };
}

/** Why a whole request was not processed. */
export interface IngestError {
  readonly code: FailureCode;
  readonly message: string;
  /** Of `unavailable`: which store did not do its part. */
  readonly dependency?: 'redis' | 'postgresql';
}

/**
 * Answers `POST /v1/events`. Order of the checks: key (401), scope (403), content type and coding (415), size (413),
 * readability (400), then each event by itself (200). 503 with `Retry-After` when Redis or PostgreSQL does not do its part: some
 * of the batch may have been taken, and sending it again is safe.
 */
export async function takeEvents(service: IngestService, request: IngestRequest): Promise<IngestAnswer> {
  try {
    const askedAt = performance.now();
    const key = await authorize(service, request.authorization);
    const waitedMs = performance.now() - askedAt;
    const { attributes: headers } = request;
    const form = readContentType(request.contentType, request.contentEncoding, headers !== undefined);
    const bytes = await readBytes(request);
    const elements = form === 'binary_cloudevent' ? [{ headers, data: readData(bytes) }] : readEvents(bytes, form);
    const { idempotencyKey = null, asksForCost = false } = request;
    const batch = { key, form, elements, idempotencyKey, asksForCost };
    const results = await answerInTime(takeBatch(service, batch), waitedMs);
    return { status: 200, headers: {}, body: { results } };
  } catch (error) {
    return failureAnswer(error);
  }
}

/** Nobody mends a configuration within a second. */
const PROFILE_RETRY_SECONDS = 30;

const BEARER = /^Bearer +(\S+)$/i;

async function authorize(service: IngestService, authorization: string | undefined): Promise<AuthenticatedKey> {
  const secret = BEARER.exec(authorization ?? '')?.[1];
  const key = secret === undefined ? undefined : await authenticate(service, secret);
  if (key === undefined) {
    throw new IngestFailure('unauthenticated', 'send Authorization: Bearer with a valid API key', {
      'WWW-Authenticate': 'Bearer realm="tollkeeper"',
    });
  }
  if (!key.scopes.includes('ingest') && !key.scopes.includes('ingest:backfill')) {
    throw new IngestFailure('forbidden', 'the key lacks the scope ingest');
  }
  return key;
}

async function authenticate(service: IngestService, secret: string): Promise<AuthenticatedKey | undefined> {
  try {
    return await answerInTime(service.keys.authenticate(secret));
  } catch (error) {
    throw new MeterUnavailableError('PostgreSQL does not answer: the API key could not be checked', {
      dependency: 'postgresql',
      cause: error,
    });
  }
}

async function readBytes({ body, contentLength }: IngestRequest): Promise<Uint8Array> {
  checkBodySize(Number(contentLength ?? 0));
  if (body instanceof Uint8Array) {
    checkBodySize(body.length);
    return body;
  }
  const bytes = await readSent(body);
  checkBodySize(bytes.length);
  return bytes;
}

/** A sender that leaves is no fault of the service. */
async function readSent(body: Readable): Promise<Uint8Array> {
  try {
    return await readStream(body, BODY_BYTES_MAX);
  } catch {
    throw new IngestFailure('unreadable', 'the connection broke off before the whole body had come: send it again');
  }
}

function failureAnswer(error: unknown): IngestAnswer {
  if (error instanceof IngestFailure) {
    // Part of the body may be unread: the connection cannot serve another request.
    const close = error.status === 400 ? {} : { Connection: 'close' };
    const { status, code, message } = error;
    return answerError({ status, code, message, headers: { ...error.headers, ...close } });
  }
  if (error instanceof MeterUnavailableError) {
    const message = `${error.message}. Send the same events with the same ids again`;
    const headers = { 'Retry-After': String(error.retryAfterSeconds) };
    return answerError({ status: 503, code: 'unavailable', message, headers, dependency: error.dependency });
  }
  if (error instanceof RedisProfileError) {
    // Its text is for operators and names settings: the log and the start-up check print it, a client is told only this.
    const message =
      'the Redis behind the service cannot keep acknowledged events: its operator has to mend its settings';
    const headers = { 'Retry-After': String(PROFILE_RETRY_SECONDS) };
    return answerError({ status: 503, code: 'unavailable', message, headers, dependency: 'redis' });
  }
  throw error;
}

function answerError(answer: IngestError & Pick<IngestAnswer, 'status' | 'headers'>): IngestAnswer {
  const { status, headers, ...error } = answer;
  return { status, headers, body: { error } };
}
