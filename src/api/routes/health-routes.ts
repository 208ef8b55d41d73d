import type { Dependency } from '../api-deps.ts';
import type { Route, RouteContext } from '../route.ts';

/** A dependency that has not answered by then counts as down. */
const CHECK_TIMEOUT_MS = 2_000;

interface DependencyState {
  readonly name: string;
  readonly status: 'up' | 'down';
  readonly isVital: boolean;
  readonly reason?: string;
}

async function stateOf({ name, isVital, check }: Dependency): Promise<DependencyState> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), deadline]);
    return { name, status: 'up', isVital };
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    return { name, status: 'down', isVital, reason };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * 200 while everything that counting and reading need answers, with `degraded` when something else does not: ingest must not be
 * taken out of service because Temporal restarts.
 */
async function readiness({ deps }: RouteContext) {
  const states = await Promise.all(deps.dependencies.map(stateOf));
  const isReady = states.every(({ status, isVital }) => status === 'up' || !isVital);
  const status = !isReady ? 'unavailable' : states.every((state) => state.status === 'up') ? 'ready' : 'degraded';
  const dependencies = Object.fromEntries(states.map(({ name, ...state }) => [name, state]));
  const { mode, profile } = deps;
  const catalogueVersion = deps.catalogue.current().version;
  return {
    status: isReady ? 200 : 503,
    body: { status, mode, profile, isLossy: profile === 'fast', catalogueVersion, dependencies },
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
