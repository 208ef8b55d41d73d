import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type ApiBench, CATALOGUE, openApiBench } from './api-bench.ts';

const YAML_TYPE = { 'content-type': 'application/yaml' };

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
});

afterAll(() => bench.close());

/** Status and path of an answer. */
async function refusal(method: string, path: string, body?: unknown, headers = {}): Promise<readonly unknown[]> {
  const answer = await bench.call(method, path, { body, headers });
  return [answer.status, answer.body?.error?.path];
}

describe.each([
  ['U+0000', 'a\u0000b'],
  ['half of a surrogate pair', 'a\ud800'],
])('%s, which no store takes, is refused with its place', (_what, bad) => {
  test('in a body', async () => {
    const credit = { amount: '5', reason: bad };
    expect(await refusal('POST', '/v1/tenants/acme/credits', credit)).toEqual([400, 'reason']);
    const oneOff = { key: 'once', amount: '5', description: bad };
    expect(await refusal('POST', '/v1/tenants/acme/one-offs', oneOff)).toEqual([400, 'description']);
    expect(await refusal('POST', '/v1/keys', { name: bad, scopes: ['read'] })).toEqual([400, 'name']);
    const check = { tenant: 'acme', meter: 'calls', properties: { [bad]: '1' } };
    expect(await refusal('POST', '/v1/check', check)).toEqual([400, 'properties']);
  });

  test('in a charge, as it is and as YAML within the body', async () => {
    const price = { model: 'per_unit', unitPrice: '1' };
    const charge = { key: 'calls', meter: 'calls', description: bad, price };
    expect((await refusal('POST', '/v1/tenants/acme/prices', { charge }))[0]).toBe(400);
    expect((await refusal('POST', '/v1/tenants/acme/prices', { charge: JSON.stringify(charge) }))[0]).toBe(422);
  });

  test('in a catalogue file, in a value and in a name', async () => {
    const value = { meters: [{ key: 'other', aggregation: 'sum', filter: [{ property: bad, exists: true }] }] };
    const name = { meters: [{ key: 'other', aggregation: 'sum', value: { weights: { [bad]: '1' } } }] };
    for (const file of [value, name]) {
      expect((await refusal('POST', '/v1/catalogue', JSON.stringify(file), YAML_TYPE))[0]).toBe(422);
    }
  });
});

test('a body with other escapes is taken as it is', async () => {
  const body = '{"amount": "5", "reason": "\\u00fcber \\ud83d\\ude00 \\\\u0000"}';
  const { status, body: credit } = await bench.call('POST', '/v1/tenants/acme/credits', { body });
  expect([status, credit.reason]).toEqual([201, 'über 😀 \\u0000']);
});

test('U+0000 in a query or a path is refused, or is nothing that is there', async () => {
  expect(await refusal('DELETE', '/v1/tenants/acme/one-offs/once?reason=a%00b')).toEqual([400, 'reason']);
  expect(await refusal('DELETE', '/v1/tenants/acme/one-offs/a%00b')).toEqual([404, undefined]);
});

test.each([
  ['/v1/tenants/acme/cycles', '2026-99-99T99Z|1'],
  ['/v1/alerts', '2026-99-99T99:99:99Z|alr_aaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['/v1/tenants/acme/refusals', '2026-99-99T99:99:99Z|calls|late'],
])('a cursor of %s with an instant that there is not is no cursor of it', async (path, cursor) => {
  const text = Buffer.from(cursor).toString('base64url');
  expect(await refusal('GET', `${path}?cursor=${text}`)).toEqual([400, 'cursor']);
});
