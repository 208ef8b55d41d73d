import { afterEach, describe, expect, test } from 'vitest';

import type { ApiDeps } from '../../src/api/api-deps.ts';
import { createApp } from '../../src/api/create-app.ts';
import { dependencyFault } from '../../src/api/dependency-faults.ts';
import type { Route } from '../../src/api/route.ts';
import { serve } from '../../src/api/serve.ts';
import type { RunningServer } from '../../src/api/serve.ts';
import { MeterUnavailableError } from '../../src/meter/meter-errors.ts';

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** An app whose only route does as told. */
async function ask(handle: Route['handle'], headers: Record<string, string> = {}) {
  const logged: string[] = [];
  const write = (line: object): void => void logged.push(JSON.stringify(line));
  const log = { warn: write, error: (line: { err: Error }) => write({ message: line.err.message }) };
  const deps = { clock: () => 0, log } as unknown as ApiDeps;
  const route: Route = { method: 'get', path: '/asked', scopes: null, handle };
  server = await serve(createApp(deps, [route]), '127.0.0.1', 0);
  const response = await fetch(`${server.url}/asked`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text(), logged };
}

describe('a request that fails inside', () => {
  test('is a 500 that tells nothing and a log line that tells all', async () => {
    const answer = await ask(() => Promise.reject(new Error('the secret is 42')));
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/42|\bat .*\.ts|node_modules/);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'internal_error' } });
    expect(answer.logged.join()).toContain('the secret is 42');
  });

  test.each([
    [Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }), 'postgresql'],
    [Object.assign(new AggregateError([new Error('refused')]), { code: 'ECONNREFUSED' }), 'postgresql'],
    [Object.assign(new Error('terminating connection'), { code: '57P01' }), 'postgresql'],
    [Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }), 'postgresql'],
    [new Error('Connection terminated unexpectedly'), 'postgresql'],
    [new MeterUnavailableError('Redis did not answer within 2500 ms'), 'redis'],
    [new MeterUnavailableError('the ledger', { cause: new Error('Connection terminated') }), 'postgresql'],
    [Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'no connection', metadata: {} }), 'temporal'],
  ])('because of %s is a 503 that names %s', async (error, dependency) => {
    const answer = await ask(() => Promise.reject(error));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(JSON.parse(answer.text)).toMatchObject({ dependency, error: { code: 'dependency_unavailable' } });
  });

  test.each([
    Object.assign(new Error('duplicate key'), { code: '23505' }),
    Object.assign(new Error('column does not exist'), { code: '42703' }),
    new TypeError('x is not a function'),
  ])('because of %s is our own fault', (error) => {
    expect(dependencyFault(error)).toBeUndefined();
  });
});

const answered: Route['handle'] = ({ idempotencyKey }) => Promise.resolve({ status: 200, body: { idempotencyKey } });

describe('an Idempotency-Key', () => {
  test('reaches the route as it was sent', async () => {
    expect((await ask(answered, { 'idempotency-key': 'a key/1' })).text).toBe('{"idempotencyKey":"a key/1"}');
  });

  test('of another form is refused', async () => {
    expect((await ask(answered, { 'idempotency-key': 'k'.repeat(256) })).status).toBe(400);
  });
});
