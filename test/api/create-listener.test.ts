import { request } from 'node:http';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CATALOGUE, openApiBench, type ApiBench } from './api-bench.ts';

let bench: ApiBench;
let key: string;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
  key = await bench.makeKey(['ingest', 'read']);
});
afterAll(() => bench.close());

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Answered {
  readonly status: number | undefined;
  readonly headers: readonly string[];
  readonly body: string;
}

function post(path: string, { headers = {}, body = '' }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers };
    const outgoing = request(`${bench.url}${path}`, { method: 'POST', headers: sent }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () => {
        const raw = incoming.rawHeaders.map((one, index) => (incoming.rawHeaders[index - 1] === 'Date' ? '' : one));
        resolve({ status: incoming.statusCode, headers: raw, body: text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function event(id: string, change: object = {}): string {
  return JSON.stringify({ id, tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z', ...change });
}

/** Written in capitals a path is the same one, but only Express knows that. */
async function askBoth(path: string, asked: Asked): Promise<[Answered, Answered]> {
  return [await post(path, asked), await post(path.toUpperCase().replace('/V1', '/v1'), asked)];
}

describe('a hot route answers in front of Express what it answers behind it', () => {
  test.each<[string, Asked, number]>([
    ['a known event', { body: event('known') }, 200],
    ['an invalid event', { body: event('x', { quantity: -1 }) }, 200],
    ['no JSON', { body: '{' }, 400],
    ['a type that is not read', { headers: { 'content-type': 'text/plain' }, body: event('x') }, 415],
    ['no key', { headers: { authorization: '' }, body: event('x') }, 401],
    ['a bad idempotency key', { headers: { 'idempotency-key': ' ' }, body: event('x') }, 400],
    ['too large a body', { body: `${event('x')}${' '.repeat(1_048_577)}` }, 413],
    ['a CloudEvent in binary mode', { headers: { 'ce-id': 'x', 'ce-specversion': '2' }, body: '{}' }, 200],
  ])('to %s', async (_what, asked, status) => {
    await post('/v1/events', { body: event('known') });
    const [hot, cold] = await askBoth('/v1/events', asked);
    expect(hot.status).toBe(status);
    expect(hot).toEqual(cold);
  });

  test.each<[string, string, number]>([
    ['a question', '{"tenant":"acme","meter":"calls","quantity":"3"}', 200],
    ['a question about nobody', '{"tenant":"nobody","meter":"calls"}', 404],
    ['a question of another form', '{"tenant":"acme","meters":[]}', 400],
    ['too large a question', `{"tenant":"${'x'.repeat(9_000)}"}`, 413],
  ])('to %s', async (_what, body, status) => {
    const [hot, cold] = await askBoth('/v1/check', { body });
    expect(hot.status).toBe(status);
    expect(hot).toEqual(cold);
  });

  test('and leaves other methods and ways of writing it to Express', async () => {
    expect((await bench.call('GET', '/v1/events?tenant=acme')).status).toBe(200);
    expect((await bench.call('DELETE', '/v1/events')).status).toBe(405);
    expect((await post('/v1/events?from=here', { body: event('query') })).status).toBe(200);
    expect((await post('/v1/events/', { body: event('slash') })).status).toBe(200);
  });
});
