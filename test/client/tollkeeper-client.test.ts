import { afterEach, expect, test } from 'vitest';

import { allPages, TollkeeperClient } from '../../src/client/index.ts';
import type { TollkeeperError } from '../../src/client/index.ts';
import type { FakeAnswer, FakeApi, ReceivedRequest } from './fake-api.ts';
import { answerByIds, eventsOf, startFakeApi } from './fake-api.ts';

const fakes: FakeApi[] = [];

async function fakeApi(answer: (request: ReceivedRequest, index: number) => FakeAnswer): Promise<FakeApi> {
  const fake = await startFakeApi(answer);
  fakes.push(fake);
  return fake;
}

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

function clientOf(fake: FakeApi, waits: number[] = [], attemptsMax = 5): TollkeeperClient {
  const sleep = (waitMs: number): Promise<void> => {
    waits.push(waitMs);
    return Promise.resolve();
  };
  return new TollkeeperClient({
    url: fake.url,
    apiKey: 'tk_test_key',
    backOff: { attemptsMax, sleep, random: () => 0.5 },
  });
}

function events(count: number): { tenant: string; type: string; occurredAt: string }[] {
  return Array.from({ length: count }, () => ({ tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z' }));
}

test('events are sent in batches of at most 500, in order, each with an id, and answered one by one', async () => {
  const fake = await fakeApi(answerByIds(new Set()));
  const given = events(1_201).map((event, index) => (index === 7 ? { ...event, id: 'mine' } : event));
  const results = await clientOf(fake).sendEvents(given);
  expect(fake.requests.map((request) => eventsOf(request).length)).toEqual([500, 500, 201]);
  const sentIds = fake.requests.flatMap((request) => eventsOf(request).map(({ id }) => id));
  expect(results.map(({ id }) => id)).toEqual(sentIds);
  expect(new Set(sentIds).size).toBe(1_201);
  expect(sentIds[7]).toBe('mine');
  expect(fake.requests[0]?.headers.authorization).toBe('Bearer tk_test_key');
});

test('a batch never grows past the bytes that the service takes', async () => {
  const fake = await fakeApi(answerByIds(new Set()));
  const properties = { text: 'ü'.repeat(8_000) };
  await clientOf(fake).sendEvents(events(200).map((event) => ({ ...event, properties })));
  expect(fake.requests.length).toBeGreaterThan(1);
  for (const { body } of fake.requests) expect(Buffer.byteLength(body)).toBeLessThan(1_048_576);
});

test('a batch whose answer was lost is sent again with the same ids, and what was counted is not counted again', async () => {
  const known = new Set<string>();
  const fake = await fakeApi((request, index) => {
    const answer = answerByIds(known)(request);
    return index === 0 ? 'cut' : answer;
  });
  const results = await clientOf(fake).sendEvents(events(3));
  expect(fake.requests[1]?.body).toBe(fake.requests[0]?.body);
  expect(results.map(({ outcome }) => outcome)).toEqual(['duplicate', 'duplicate', 'duplicate']);
  expect(known.size).toBe(3);
});

test('Retry-After is honoured, and waits grow with jitter up to their bound', async () => {
  const error = { error: { code: 'unavailable', message: 'Redis is down' } };
  const fake = await fakeApi((request, index) =>
    index < 3
      ? { status: 503, body: error, headers: index === 1 ? { 'retry-after': '7' } : {} }
      : answerByIds(new Set())(request),
  );
  const waits: number[] = [];
  await clientOf(fake, waits).sendEvents(events(1));
  expect(waits).toEqual([100, 7_200, 400]);
});

test('tries are bounded; the error says why and which events were answered before', async () => {
  const fake = await fakeApi((request, index) =>
    index === 0
      ? answerByIds(new Set())(request)
      : { status: 503, body: { error: { code: 'redis_unavailable', message: 'Redis is down' } } },
  );
  const failure = await clientOf(fake, [], 3)
    .sendEvents(events(600))
    .then(
      () => expect.unreachable('the second batch was never answered'),
      (error: unknown) => error as TollkeeperError,
    );
  expect(fake.requests.length).toBe(4);
  expect(failure).toMatchObject({ status: 503, code: 'redis_unavailable', message: 'Redis is down' });
  expect(failure.results?.length).toBe(600);
  expect(failure.results?.filter((result) => result?.outcome === 'accepted').length).toBe(500);
  expect(failure.results?.[500]).toBeUndefined();
});

test('a refusal is not tried again and carries the field at fault', async () => {
  const body = { error: { code: 'invalid', message: 'limit must be 1 to 500', path: 'limit' } };
  const fake = await fakeApi(() => ({ status: 400, body }));
  await expect(clientOf(fake).listTenants()).rejects.toMatchObject({ status: 400, code: 'invalid', path: 'limit' });
  expect(fake.requests.length).toBe(1);
});

test('a service that is not there is named with its address', async () => {
  const fake = await startFakeApi(() => 'cut');
  await fake.close();
  const failure = clientOf(fake, [], 1).listTenants();
  await expect(failure).rejects.toThrow(`the Tollkeeper API at ${fake.url} cannot be reached`);
  await expect(failure).rejects.toMatchObject({ status: 0, code: 'unreachable' });
});

test('an answer that is not one result per event is refused, for it would credit events to the wrong ids', async () => {
  const fake = await fakeApi(() => ({ status: 200, body: { results: [] } }));
  await expect(clientOf(fake).sendEvents(events(1))).rejects.toMatchObject({ code: 'unreadable_answer' });
  expect(fake.requests.length).toBe(1);
});

test('a change keeps its Idempotency-Key over all tries', async () => {
  const fake = await fakeApi((_, index) => (index === 0 ? 'cut' : { status: 200, body: {} }));
  await clientOf(fake).markPaid('INV-000001', 'bank transfer');
  const keys = fake.requests.map(({ headers }) => headers['idempotency-key']);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});

test('names in paths are escaped', async () => {
  const fake = await fakeApi(() => ({ status: 200, body: {} }));
  await clientOf(fake).closeNow('acme', '2026-11-01T00:00:00Z');
  expect(fake.requests[0]?.path).toBe('/v1/cycles/acme/2026-11-01T00%3A00%3A00Z/close-now');
});

test('all pages of a list are read', async () => {
  const fake = await fakeApi((request) => {
    const last = request.path.includes('cursor=next');
    return { status: 200, body: { data: [{ id: last ? 'b' : 'a' }], nextCursor: last ? null : 'next' } };
  });
  const client = clientOf(fake);
  const found: string[] = [];
  for await (const { id } of allPages((cursor) => client.listTenants({ cursor }))) found.push(id);
  expect(found).toEqual(['a', 'b']);
});

test('a URL without http is refused before anything is sent', () => {
  expect(() => new TollkeeperClient({ url: 'localhost:4400' })).toThrow('write it as http://127.0.0.1:4400');
});

test('events are asked for their cost only where that is wanted', async () => {
  const cost = { amount: '0.0045', currency: 'USD' };
  const fake = await fakeApi(() => ({ status: 200, body: { results: [{ id: 'a', outcome: 'accepted', cost }] } }));
  const event = { id: 'a', tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z' };
  expect(await clientOf(fake).sendEvents([event], { cost: true })).toEqual([{ id: 'a', outcome: 'accepted', cost }]);
  await clientOf(fake).sendEvents([event]);
  expect(fake.requests.map(({ path }) => path)).toEqual(['/v1/events?cost=true', '/v1/events']);
});

test('check asks about one meter or several, and takes no Idempotency-Key: it changes nothing', async () => {
  const fake = await fakeApi(() => ({ status: 200, body: { allowed: true, limits: [] } }));
  const client = clientOf(fake);
  expect(await client.check({ tenant: 'acme', meter: 'calls' })).toEqual({ allowed: true, limits: [] });
  await client.check({ tenant: 'acme', meter: ['calls', 'gb'], quantity: '0.5' });
  await client.check({ tenant: 'acme', meter: 'calls', cost: true });
  expect(fake.requests.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['POST', '/v1/check', '{"tenant":"acme","meter":"calls"}'],
    ['POST', '/v1/check', '{"tenant":"acme","meters":["calls","gb"],"quantity":"0.5"}'],
    ['POST', '/v1/check?cost=true', '{"tenant":"acme","meter":"calls"}'],
  ]);
  expect(fake.requests[0]?.headers['idempotency-key']).toBeUndefined();
});
