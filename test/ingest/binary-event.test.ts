import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { EventResult } from '../../src/domain/outcome.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { shardOf } from '../../src/meter/keys.ts';
import { createIngestStack, serveIngest, type IngestStack } from './ingest-stack.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [], limits: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;

const SOURCE = '/shop/tills';

let stack: IngestStack;
let server: Awaited<ReturnType<typeof serveIngest>>;
let authorization: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML });
  server = await serveIngest(stack.service);
  authorization = `Bearer ${await stack.createKey('write', ['ingest'])}`;
});
afterEach(async () => {
  await server.close();
  await stack.close();
});

type Headers = Readonly<Record<string, string | readonly string[] | null>>;

/** Sends bytes with headers as they are; `null` leaves one out. */
async function post(headers: Headers, body = '') {
  const given = Object.entries({
    authorization,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).filter(([, value]) => value !== null) as [string, string | string[]][];
  const sent = request(server.url, { method: 'POST', headers: Object.fromEntries(given) });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  const answer = JSON.parse(text) as { results?: EventResult[]; error?: { code: string } };
  return { status: response.statusCode, result: answer.results?.[0], code: answer.error?.code };
}

function attributes(id: string, more: Headers = {}): Headers {
  return {
    'ce-specversion': '1.0',
    'ce-id': id,
    'ce-source': SOURCE,
    'ce-type': 'calls',
    'ce-subject': 'acme',
    'ce-time': '2026-11-20T10:00:00Z',
    ...more,
  };
}

function structured(id: string, data: unknown): Promise<Awaited<ReturnType<typeof post>>> {
  const event = {
    specversion: '1.0',
    id,
    source: SOURCE,
    type: 'calls',
    subject: 'acme',
    time: '2026-11-20T10:00:00Z',
  };
  return post({ 'content-type': 'application/cloudevents+json' }, JSON.stringify({ ...event, data }));
}

describe('a CloudEvent in binary mode', () => {
  test('is the same event as in structured mode', async () => {
    const data = { quantity: '5', region: 'eu', events: [1] };
    expect((await post(attributes('a'), JSON.stringify(data))).result).toEqual({ id: 'a', outcome: 'accepted' });
    expect((await structured('a', data)).result?.outcome).toBe('duplicate');
    expect((await structured('a', { ...data, quantity: '6' })).result?.outcome).toBe('conflict');
    await drainAll(stack.drainContext(shardOf('acme', 2)), { timeoutMs: 10_000 });
    const { rows } = await stack.pool.query('select event_id, quantity::text, properties from usage_event');
    expect(rows).toEqual([{ event_id: `${SOURCE} a`, quantity: '5', properties: { region: 'eu', events: [1] } }]);
  });

  test('needs neither data nor their type', async () => {
    expect((await post(attributes('a', { 'content-type': null }))).result?.outcome).toBe('accepted');
    expect((await post(attributes('a'))).result?.outcome).toBe('duplicate');
    expect((await post(attributes('b', { 'content-type': null }), '{"quantity":2}')).result?.outcome).toBe('accepted');
    expect((await post(attributes('b'), '{"quantity":2}')).result?.outcome).toBe('duplicate');
  });

  test('has its attributes percent-decoded once, and quotes taken off before', async () => {
    expect((await post(attributes('%E2%82%AC%201%25%32%30'))).result).toEqual({ id: '€ 1%20', outcome: 'accepted' });
    expect((await structured('€ 1%20', undefined)).result?.outcome).toBe('duplicate');
    expect((await post(attributes('"a \\"b\\""'))).result).toEqual({ id: 'a "b"', outcome: 'accepted' });
    expect((await post(attributes('a%20%22b%22'))).result?.outcome).toBe('duplicate');
  });

  test.each<[string, Headers, string, string]>([
    ['without its version', { 'ce-specversion': null }, '', 'specversion'],
    ['without an id', { 'ce-id': null }, '', 'id'],
    ['without a source', { 'ce-source': null }, '', 'source'],
    ['without a subject', { 'ce-subject': null }, '', 'subject'],
    ['without a time', { 'ce-time': null }, '', 'time'],
    ['with its id twice', { 'ce-id': ['a', 'b'] }, '', 'id'],
    ['with bytes in its id that are not UTF-8', { 'ce-id': '%C0%A0' }, '', 'id'],
    ['with a lone percent sign in its source', { 'ce-source': '/100%' }, '', 'source'],
    ['with characters that are not encoded', { 'ce-source': '/caf\u00e9' }, '', 'source'],
    ['with white space at the end of its id', { 'ce-id': 'a%20' }, '', 'id'],
    ['with the type of its data as an attribute', { 'ce-datacontenttype': 'application/json' }, '', 'datacontenttype'],
    ['with a list as data', {}, '[1]', 'data'],
    ['with null as data', {}, 'null', 'data'],
    ['with a bad quantity', {}, '{"quantity":-1}', 'data.quantity'],
  ])('%s is invalid at the attribute, and counts nothing', async (_what, headers, body, path) => {
    const { status, result } = await post(attributes('x', headers), body);
    expect([status, result?.outcome, result?.path]).toEqual([200, 'invalid', path]);
    expect(await stack.redis.keys('*:use:*')).toEqual([]);
  });

  test('is refused whole by its content type, its coding and a body that is not JSON', async () => {
    expect(await post(attributes('a', { 'content-type': 'text/plain' }), 'x')).toMatchObject({ status: 415 });
    expect(await post(attributes('a', { 'content-encoding': 'gzip' }), '{}')).toMatchObject({ status: 415 });
    expect(await post(attributes('a'), '{')).toMatchObject({ status: 400, code: 'unreadable' });
    expect(await post({ 'content-type': null }, '{}')).toMatchObject({ status: 415 });
  });

  test('does not hide a structured one: there the body alone counts', async () => {
    const headers = attributes('header', { 'content-type': 'application/cloudevents+json' });
    const event = { specversion: '1.0', id: 'body', source: SOURCE, type: 'calls', subject: 'acme' };
    const body = JSON.stringify({ ...event, time: '2026-11-20T10:00:00Z' });
    expect((await post(headers, body)).result).toEqual({ id: 'body', outcome: 'accepted' });
  });
});
