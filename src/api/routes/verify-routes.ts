import { setTimeout as pause } from 'node:timers/promises';

import { z } from 'zod';

import { type CounterAuditPage, auditCounters } from '../../audit/audit-counters.ts';
import { TENANT_PATTERN } from '../../domain/event.ts';
import { type ChainProgress, verifyChain } from '../../ledger/verify-chain.ts';
import { ApiError } from '../api-error.ts';
import { requireUnbound } from '../authorize.ts';
import { LineStream } from '../line-stream.ts';
import { readJson } from '../read-body.ts';
import { checkBody } from '../read-query.ts';
import { ADMIN, keyOf } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const BODY_BYTES_MAX = 16_384;

const COUNTERS_BODY = z.strictObject({
  tenant: z.string().regex(TENANT_PATTERN, 'must be a tenant id').optional(),
});
const LEDGER_BODY = z.strictObject({ shard: z.int('must be a whole number').min(0).optional() });

type Lines = AsyncGenerator<Readonly<Record<string, unknown>>, void, void>;

/** Audits read everything there is: one of each kind at a time in a process is enough. */
class OneAtATime {
  #isRunning = false;

  /** @throws ApiError 409 while another one runs */
  lines(work: (signal: AbortSignal) => Lines): LineStream {
    if (this.#isRunning) {
      const message = 'this process is verifying already: ask again when it is done';
      throw new ApiError({ status: 409, code: 'verification_running', message, headers: { 'retry-after': '10' } });
    }
    this.#isRunning = true;
    const end = (): void => void (this.#isRunning = false);
    return new LineStream(async function* (signal) {
      try {
        yield* work(signal);
      } finally {
        end();
      }
    });
  }
}

const counterAudits = new OneAtATime();
const ledgerWalks = new OneAtATime();

/** How often a walk says where it is. */
const PROGRESS_MS = 1_000;

/** Differences may be as many as counters: this many are told, all are counted. */
const DIFFERENCES_TOLD_MAX = 10_000;

/** Compares counters, journal, rollups and raw rows of every open period; see `auditCounters`. */
async function postCounters(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { tenant } = checkBody(await readJson(context.request, BODY_BYTES_MAX), COUNTERS_BODY);
  if (tenant !== undefined) await visibleTenant(context, tenant);
  const { pool, meter, clock } = context.deps;
  const body = counterAudits.lines((signal) => counterLines(auditCounters({ pool, meter, clock }, { tenant, signal })));
  return { status: 200, body };
}

async function* counterLines(pages: AsyncGenerator<CounterAuditPage, void, void>): Lines {
  const sum = { tenants: 0, compared: 0, voidTenants: 0, differences: 0 };
  for await (const page of pages) {
    for (const difference of page.differences) {
      sum.differences += 1;
      if (sum.differences <= DIFFERENCES_TOLD_MAX) yield { difference };
    }
    sum.tenants += page.tenants;
    sum.compared += page.compared;
    sum.voidTenants += page.voidTenants;
    yield { progress: { ...sum } };
  }
  yield { result: { isEqual: sum.differences === 0, ...sum } };
}

/** Walks the hash chain of every shard, or of one; see `verifyChain`. */
async function postLedger(context: RouteContext): Promise<RouteAnswer> {
  requireUnbound(keyOf(context));
  const { shard } = checkBody(await readJson(context.request, BODY_BYTES_MAX), LEDGER_BODY);
  const { pool, meter } = context.deps;
  if (shard !== undefined && shard >= meter.shardCount) {
    const message = `there is no shard ${shard}: there are ${meter.shardCount}, from 0`;
    throw new ApiError({ status: 404, code: 'unknown_shard', message });
  }
  const shards = shard === undefined ? Array.from({ length: meter.shardCount }, (_, index) => index) : [shard];
  const body = ledgerWalks.lines((signal) => ledgerLines(pool, shards, signal));
  return { status: 200, body };
}

async function* ledgerLines(pool: RouteContext['deps']['pool'], shards: readonly number[], signal: AbortSignal): Lines {
  let isWhole = true;
  let links = 0;
  let rows = 0;
  for (const shard of shards) {
    let walked: ChainProgress = { links: 0, rows: 0 };
    const walk = verifyChain(pool, shard, { signal, onProgress: (progress) => (walked = progress) });
    // Whoever waits is told; when the asker has gone, the failure is nobody's any more.
    walk.catch(() => undefined);
    while ((await Promise.race([walk, pause(PROGRESS_MS, 'walking', { ref: false })])) === 'walking') {
      yield { progress: { shard, links: links + walked.links, rows: rows + walked.rows } };
    }
    const report = await walk;
    isWhole &&= report.isWhole;
    links += report.links;
    rows += report.rows;
    yield { shard: { shard, ...report } };
  }
  yield { result: { isWhole, links, rows } };
}

export const VERIFY_ROUTES: readonly Route[] = [
  { method: 'post', path: '/v1/verify/counters', scopes: ADMIN, handle: postCounters },
  { method: 'post', path: '/v1/verify/ledger', scopes: ADMIN, handle: postLedger },
];
