import { createHash } from 'node:crypto';

import { formatInstant } from '../domain/instant.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { ApiError } from './api-error.ts';
import type { RouteAnswer } from './route.ts';

/** One mutating request under its `Idempotency-Key`. */
export interface KeyedRequest {
  readonly apiKey: string;
  readonly idempotencyKey: string;
  /** 32 bytes over everything that decides what the request does. */
  readonly inputDigest: Buffer;
}

/** The digest of a request's input: method, path with query, and body, each with its length before it. */
export function digestInput(method: string, url: string, body: string): Buffer {
  const hash = createHash('sha256');
  for (const part of [method, url, body]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}

interface SavedRow {
  readonly input_digest: Buffer;
  readonly status: number;
  readonly answer: unknown;
}

/**
 * The answer that was given to this request before, marked by `Idempotency-Hit: true`; `undefined` when there was none.
 *
 * @throws ApiError 422 when the key was used for another request
 */
export async function findAnswer(db: Queryable, request: KeyedRequest): Promise<RouteAnswer | undefined> {
  const { rows } = await db.query<SavedRow>(
    `select input_digest, status, answer from idempotent_request where api_key = $1::text and idempotency_key = $2::text`,
    [request.apiKey, request.idempotencyKey],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (!row.input_digest.equals(request.inputDigest)) {
    const message = 'this Idempotency-Key was used for another request: take a new key for each request';
    throw new ApiError({ status: 422, code: 'idempotency_key_reused', message });
  }
  return { status: row.status, body: row.answer, headers: { 'idempotency-hit': 'true' } };
}

/**
 * Takes the key for this transaction, so that two requests with the same key never work at once.
 *
 * @throws ApiError 409 while another one works
 */
export async function lockRequest(client: Queryable, request: KeyedRequest): Promise<void> {
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as locked`,
    [JSON.stringify(['idempotent_request', request.apiKey, request.idempotencyKey])],
  );
  if (rows[0]?.locked === true) return;
  const message = 'a request with this Idempotency-Key is being worked on: ask again in a moment';
  throw new ApiError({ status: 409, code: 'idempotency_key_in_use', message, headers: { 'retry-after': '1' } });
}

/** Keeps the answer of a request in the transaction that did its work; the first answer to a key stays. */
export async function saveAnswer(
  client: Queryable,
  request: KeyedRequest,
  answer: RouteAnswer,
  atMicros: EpochMicros,
): Promise<void> {
  await client.query(
    `insert into idempotent_request (api_key, idempotency_key, input_digest, status, answer, created_at)
     values ($1::text, $2::text, $3::bytea, $4::integer, $5::jsonb, $6::timestamptz)
     on conflict (api_key, idempotency_key) do nothing`,
    [
      request.apiKey,
      request.idempotencyKey,
      request.inputDigest,
      answer.status,
      JSON.stringify(answer.body ?? null),
      formatInstant(atMicros),
    ],
  );
}
