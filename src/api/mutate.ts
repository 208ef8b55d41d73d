import { randomUUID } from 'node:crypto';

import type pg from 'pg';

import type { JsonObject } from '../domain/event.ts';
import { recordAudit } from '../ledger/audit-entry.ts';
import { inTransaction } from '../ledger/database.ts';
import { digestInput, findAnswer, lockRequest, saveAnswer } from './idempotent-requests.ts';
import type { KeyedRequest } from './idempotent-requests.ts';
import { keyOf } from './route.ts';
import type { RouteAnswer, RouteContext } from './route.ts';

/** What a mutation did: its answer, and what the audit row says of it. */
export interface Mutation {
  readonly answer: RouteAnswer;
  readonly action: string;
  readonly subject: string;
  readonly details: JsonObject;
  /** Kept for replays instead of the answer's own body, where that has a secret in it. */
  readonly keptBody?: unknown;
  /** Nothing was changed (a dry run, a command that was a repeat): no audit row. */
  readonly isWithoutEffect?: boolean;
}

function keyedRequest(context: RouteContext, bodyText: string): KeyedRequest | null {
  if (context.idempotencyKey === null) return null;
  return {
    apiKey: keyOf(context).keyId,
    idempotencyKey: context.idempotencyKey,
    inputDigest: digestInput(context.request.method ?? '', context.request.url ?? '', bodyText),
  };
}

async function record(client: pg.PoolClient, context: RouteContext, mutation: Mutation, keyed: KeyedRequest | null) {
  const { action, subject, details, answer } = mutation;
  if (mutation.isWithoutEffect !== true) {
    await recordAudit(client, { atMicros: context.atMicros, actor: keyOf(context).keyId, action, subject, details });
  }
  if (keyed === null) return;
  const body = Object.hasOwn(mutation, 'keptBody') ? mutation.keptBody : answer.body;
  await saveAnswer(client, keyed, { status: answer.status, body }, context.atMicros);
}

/**
 * A mutation of PostgreSQL alone: work, audit row and the answer for replays are one transaction. Refusals are not kept: the
 * request may be sent again under the same key once it can succeed.
 */
export async function mutate(
  context: RouteContext,
  bodyText: string,
  work: (client: pg.PoolClient) => Promise<Mutation>,
): Promise<RouteAnswer> {
  const keyed = keyedRequest(context, bodyText);
  return inTransaction(context.deps.pool, async (client) => {
    if (keyed !== null) {
      await lockRequest(client, keyed);
      const saved = await findAnswer(client, keyed);
      if (saved !== undefined) return saved;
    }
    const mutation = await work(client);
    await record(client, context, mutation, keyed);
    return mutation.answer;
  });
}

/**
 * A mutation that another server makes: it cannot share a transaction with its record, so the command itself is idempotent by
 * the request id it is given, and its record is written after it.
 */
export async function command(
  context: RouteContext,
  bodyText: string,
  work: (requestId: string) => Promise<Mutation>,
): Promise<RouteAnswer> {
  const keyed = keyedRequest(context, bodyText);
  const saved = keyed === null ? undefined : await findAnswer(context.deps.pool, keyed);
  if (saved !== undefined) return saved;
  const requestId = keyed === null ? randomUUID() : `${keyed.apiKey}/${keyed.idempotencyKey}`;
  const mutation = await work(requestId);
  await inTransaction(context.deps.pool, (client) => record(client, context, mutation, keyed));
  return mutation.answer;
}
