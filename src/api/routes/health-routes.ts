import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import { JOURNAL_EVENTS_MAX } from '../../meter/record-usage.ts';
import type { ApiDeps, Dependency } from '../api-deps.ts';
import type { Route, RouteContext } from '../route.ts';

/** A dependency that has not answered by then counts as down. */
const CHECK_TIMEOUT_MS = 2_000;

interface DependencyState {
  readonly name: string;
  readonly status: 'up' | 'down';
  readonly isVital: boolean;
  readonly reason?: string;
}

async function inTime<T>(work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

async function stateOf({ name, isVital, check }: Dependency): Promise<DependencyState> {
  try {
    await inTime(check);
    return { name, status: 'up', isVital };
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    return { name, status: 'down', isVital, reason };
  }
}

/** How far each shard's journal is ahead of the ledger; `null` while Redis does not say. Whether it is down is told beside it. */
async function journalsOf({ readJournals, clock }: ApiDeps) {
  try {
    const states = await inTime(readJournals);
    return states.map(({ shard, epoch, isOpen, entries, waitingEvents, oldestAcceptedMicros }) => {
      const waitedMicros = oldestAcceptedMicros === null ? 0 : Math.max(0, clock() - oldestAcceptedMicros);
      return { shard, epoch, isOpen, entries, waitingEvents, oldestAgeSeconds: waitedMicros / MICROS_PER_SECOND };
    });
  } catch {
    return null;
  }
}

/** How full Redis is; at the high-water mark ingest answers 503 until there is room again. */
async function memoryOf({ meter, watchedMemory }: ApiDeps) {
  try {
    await inTime(watchedMemory);
  } catch {
    return null;
  }
  const { usedBytes, maxBytes, isFull } = meter.memory;
  return { usedBytes, maxBytes, isFull };
}

/**
 * 200 while everything that counting and reading need answers, with `degraded` when something else does not: ingest must not be
 * taken out of service because Temporal restarts.
 */
async function readiness({ deps }: RouteContext) {
  const [states, journals, memory] = await Promise.all([
    Promise.all(deps.dependencies.map(stateOf)),
    journalsOf(deps),
    memoryOf(deps),
  ]);
  const isReady = states.every(({ status, isVital }) => status === 'up' || !isVital);
  const isWhole = states.every((state) => state.status === 'up') && memory?.isFull !== true;
  const status = !isReady ? 'unavailable' : isWhole ? 'ready' : 'degraded';
  const dependencies = Object.fromEntries(states.map(({ name, ...state }) => [name, state]));
  const { mode, profile, dedupWindowSeconds } = deps;
  const catalogueVersion = deps.catalogue.current().version;
  return {
    status: isReady ? 200 : 503,
    body: {
      status,
      mode,
      profile,
      isLossy: profile === 'fast',
      dedupWindowSeconds,
      catalogueVersion,
      dependencies,
      journals,
      journalEventsMax: JOURNAL_EVENTS_MAX,
      redisMemory: memory,
    },
    headers: isReady ? {} : { 'retry-after': '1' },
  };
}

export const HEALTH_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/healthz',
    scopes: null,
    handle: () => Promise.resolve({ status: 200, body: { status: 'alive' } }),
  },
  { method: 'get', path: '/readyz', scopes: null, handle: readiness },
];
