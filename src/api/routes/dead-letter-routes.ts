import { z } from 'zod';

import { TENANT_PATTERN } from '../../domain/event.ts';
import { type DeadLetterCase, listDeadLetters, readDeadLetter } from '../../ledger/dead-letter-cases.ts';
import { formatPosition } from '../../ledger/journal-position.ts';
import { ApiError, notFound } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { command } from '../mutate.ts';
import { limitOf, readCursor, toPage } from '../paging.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { discardDeadLetter, replayDeadLetter } from '../settle-dead-letter.ts';

const QUERY = z.strictObject({
  ...pageParameters,
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
  state: z.enum(['open', 'all'], 'must be open or all').default('open'),
});

const LETTER_CURSOR = /^\d{1,15}$/;
const LETTER_ID = /^dl_(\d{1,15})$/;

/** A settled letter needs a reason: somebody will ask. */
const SETTLE_BODY = REASON_BODY.required({ reason: true });

/** What every answer tells of a letter. What it holds is personal data and is told of one letter alone. */
function view(letter: DeadLetterCase): Record<string, unknown> {
  const { epoch, shard, tenant, reason, at, resolvedAt, resolution, resolvedBy, resolvedReason } = letter;
  return {
    id: `dl_${letter.id}`,
    tenant,
    shard,
    firstPosition: formatPosition({ epoch, sequence: letter.firstSequence }),
    lastPosition: formatPosition({ epoch, sequence: letter.sequence }),
    reason,
    at,
    resolution,
    resolvedAt,
    resolvedBy,
    resolvedReason,
  };
}

async function getLetters(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const query = readQuery(context, QUERY);
  const cursor = readCursor(query, LETTER_CURSOR);
  const limit = limitOf(query);
  const rows = await listDeadLetters(context.deps.pool, {
    tenant: query.tenant ?? null,
    isOpenOnly: query.state === 'open',
    after: cursor === null ? null : Number(cursor),
    limit: limit + 1,
  });
  const page = toPage(rows, limit, ({ id }) => String(id));
  return { status: 200, body: { data: page.data.map(view), nextCursor: page.nextCursor } };
}

async function findLetter(context: RouteContext): Promise<DeadLetterCase> {
  requireUnbound(keyOf(context));
  const id = parameter(context, 'id');
  const number = LETTER_ID.exec(id)?.[1];
  const letter = number === undefined ? undefined : await readDeadLetter(context.deps.pool, Number(number));
  if (letter !== undefined) return letter;
  throw notFound('unknown_dead_letter', `there is no dead letter ${id}: GET /v1/dead-letters lists them`);
}

async function getLetter(context: RouteContext): Promise<RouteAnswer> {
  const letter = await findLetter(context);
  return { status: 200, body: { ...view(letter), content: letter.journalText } };
}

type Action = 'replay' | 'discard';

function settle(action: Action) {
  return async (context: RouteContext): Promise<RouteAnswer> => {
    const body = await readJson(context.request, REASON_BYTES_MAX);
    const { reason } = checkBody(body, SETTLE_BODY);
    const letter = await findLetter(context);
    return command(context, JSON.stringify(body), async () => {
      if (letter.resolvedAt !== null) throw closedAlready(letter);
      const done = await settleBy(action, context, letter, reason);
      const after = (await readDeadLetter(context.deps.pool, letter.id)) ?? letter;
      const details = { tenant: letter.tenant, reason, ...done };
      return {
        answer: { status: 200, body: { ...view(after), ...done } },
        action: `dead_letter.${action}`,
        subject: `dl_${letter.id}`,
        details,
      };
    });
  };
}

async function settleBy(
  action: Action,
  context: RouteContext,
  letter: DeadLetterCase,
  reason: string,
): Promise<Record<string, number>> {
  const { pool, meter, clock } = context.deps;
  const decision = { actor: keyOf(context).keyId, reason };
  if (action === 'replay') {
    const { rows, refused } = await replayDeadLetter({ pool, meter, clock }, letter, decision);
    return { newEvents: rows, knownEvents: refused };
  }
  if (await discardDeadLetter({ pool, meter, clock }, letter, decision)) return {};
  throw closedAlready(letter);
}

function closedAlready({ id, resolution }: DeadLetterCase): ApiError {
  const message = `dead letter dl_${id} is closed already${resolution === null ? '' : `: ${resolution}`}`;
  return new ApiError({ status: 409, code: 'already_resolved', message });
}

export const DEAD_LETTER_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/dead-letters', scopes: ADMIN, handle: getLetters },
  { method: 'get', path: '/v1/dead-letters/:id', scopes: ADMIN, handle: getLetter },
  { method: 'post', path: '/v1/dead-letters/:id/replay', scopes: ADMIN, handle: settle('replay') },
  { method: 'post', path: '/v1/dead-letters/:id/discard', scopes: ADMIN, handle: settle('discard') },
];
