import type { IncomingMessage } from 'node:http';
import { ingestRequest } from '../support/ingest-request.ts';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { AuthenticatedKey } from '../../src/catalog/api-keys.ts';
import { askRoute } from '../../src/api/ask-route.ts';
import type { ApiDeps } from '../../src/api/api-deps.ts';
import { CHECK_ROUTES } from '../../src/api/routes/check-routes.ts';
import { answerInTime } from '../../src/ingest/answer-in-time.ts';
import { checkLimits } from '../../src/ingest/check-limits.ts';
import type { IngestService } from '../../src/ingest/ingest-service.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** As of a store whose connection is open and silent. */
function silence(): Promise<never> {
  return new Promise(() => undefined);
}

test('what comes in time is the answer, and leaves no timer behind', async () => {
  await expect(answerInTime(Promise.resolve('done'))).resolves.toBe('done');
  await expect(answerInTime(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  expect(vi.getTimerCount()).toBe(0);
});

test('what the sender has waited already is part of the time', async () => {
  const answer = expect(answerInTime(silence(), 4_400)).rejects.toThrow('did not do their part');
  await vi.advanceTimersByTimeAsync(100);
  await answer;
});

test('a PostgreSQL that says nothing about a key makes a 503 within five seconds', async () => {
  const service = { keys: { authenticate: silence } } as unknown as IngestService;
  const request = ingestRequest('tk_test_key', []);
  const answered = takeEvents(service, request);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await answered).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
});

test('a question about limits waits no longer than events, for the key and the stores together', async () => {
  const catalogue = { current: () => ({ tenants: new Map() }), reload: silence };
  // Nobody knows the tenant here, so Redis is asked whether there is a newer catalogue.
  const meter = { shardCount: 1, redis: { hget: silence } };
  const service = { catalogue, meter, clock: () => 0 } as unknown as IngestService;
  const key = { tenant: null } as AuthenticatedKey;
  const question = { key, tenant: 'acme', meters: ['calls'], quantity: '1', waitedMs: 3_000 };
  const answer = expect(checkLimits(service, question)).rejects.toThrow('did not do their part');
  await vi.advanceTimersByTimeAsync(1_500);
  await answer;
});

test('a question about limits whose key nobody looks up is a 503 that names PostgreSQL', async () => {
  const [route] = CHECK_ROUTES;
  if (route === undefined) throw new Error('there is no route to ask');
  const deps = { keys: { authenticate: silence } } as unknown as ApiDeps;
  const request = { headers: { authorization: 'Bearer tk_test_key' } } as IncomingMessage;
  const asked = { request, params: {}, query: new URLSearchParams() };
  const answer = expect(askRoute(deps, route, asked)).rejects.toMatchObject({
    details: { status: 503, members: { dependency: 'postgresql' } },
  });
  await vi.advanceTimersByTimeAsync(5_000);
  await answer;
});
