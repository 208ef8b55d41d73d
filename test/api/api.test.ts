import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CATALOGUE, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
});

afterAll(async () => {
  await bench.close();
});

describe('a refusal', () => {
  test.each([
    ['GET', '/v1/nothing', 404, 'unknown_route'],
    ['PUT', '/v1/tenants', 405, 'method_not_allowed'],
    ['GET', '/v1/tenants/nobody', 404, 'unknown_tenant'],
    ['GET', '/v1/tenants/%E0%A4%A', 400, 'invalid_path'],
    ['GET', '/v1/tenants?colour=red', 400, 'invalid_query'],
    ['GET', '/v1/tenants?limit=0', 400, 'invalid_query'],
    ['GET', '/v1/tenants?limit=1&limit=2', 400, 'invalid_query'],
    ['GET', '/v1/tenants?cursor=!!!', 400, 'invalid_cursor'],
    ['GET', '/v1/events', 400, 'invalid_query'],
    ['GET', '/v1/events?tenant=acme&cursor=abc', 400, 'invalid_cursor'],
    ['GET', '/v1/invoices?cursor=abc', 400, 'invalid_cursor'],
    ['GET', '/v1/invoices/INV-000001', 404, 'unknown_invoice'],
    ['GET', '/v1/invoices?status=lost', 400, 'invalid_query'],
    ['GET', '/v1/tenants/acme/usage?from=yesterday', 400, 'invalid_query'],
    ['GET', '/v1/tenants/acme/usage?by=hour&from=1990-01-01T00:00:00Z', 400, 'invalid_query'],
    ['POST', '/v1/cycles/acme/soon/close-now', 400, 'invalid_path'],
    ['POST', '/v1/cycles/acme/2026-10-01T00:00:00Z/close-now', 404, 'unknown_cycle'],
    ['DELETE', '/v1/keys/key_none', 404, 'unknown_key'],
  ])('of %s %s is %i %s, as a problem in JSON', async (method, path, status, code) => {
    const answer = await bench.call(method, path);
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ type: 'about:blank', status, detail: answer.body.error.message });
    expect(answer.headers.get('x-powered-by')).toBeNull();
  });

  test('names the methods of a route', async () => {
    expect((await bench.call('PUT', '/v1/keys')).headers.get('allow')).toBe('POST, GET');
  });

  test.each([
    ['{', 'application/json', 400, 'body_unreadable'],
    ['{}', 'text/html', 415, 'unsupported_type'],
    ['{"colour": 1}', 'application/json', 400, 'invalid_body'],
    ['{"reason": ""}', 'application/json', 400, 'invalid_body'],
    [`{"reason": "${'x'.repeat(20_000)}"}`, 'application/json', 413, 'body_too_large'],
  ])('of the body %.20s as %s is %i %s', async (body, type, status, code) => {
    const answer = await bench.call('POST', '/v1/tenants/acme/pause', { body, headers: { 'content-type': type } });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });
});

describe('a body', () => {
  const FRAMES_MAX = 800;

  test('that never ends is refused while it is being sent, and the service goes on', async () => {
    const { port, hostname } = new URL(bench.url);
    const socket = connect(Number(port), hostname);
    const answer: string[] = [];
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => answer.push(chunk.toString('utf8')));
    const head = ['POST /v1/catalogue HTTP/1.1', 'Host: x', `Authorization: Bearer ${bench.adminKey}`];
    socket.write([...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n'));
    const frame = Buffer.from(`10000\r\n${' '.repeat(65_536)}\r\n`);
    let frames = 0;
    while (answer.length === 0 && !socket.destroyed && frames < FRAMES_MAX) {
      frames += 1;
      if (socket.write(frame)) await new Promise(setImmediate);
      else await Promise.race([once(socket, 'drain'), once(socket, 'data'), once(socket, 'close')]);
    }
    await expect.poll(() => answer.join(''), { timeout: 10_000 }).toMatch(/^HTTP\/1\.1 413 [\s\S]*body_too_large/);
    expect(frames).toBeLessThan(FRAMES_MAX);
    socket.destroy();
    expect((await bench.call('GET', '/healthz')).status).toBe(200);
  });

  test.each([
    ['GET / HTTP/1.1\r\nbroken header\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('or head that is no HTTP is a problem too: %#', async (bytes, status) => {
    const { port, hostname } = new URL(bench.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('utf8')));
    socket.write(bytes);
    await once(socket, 'close');
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status, error: { code: 'invalid_http' } });
  });
});

describe('a key', () => {
  test('is asked for, and its scopes hold', async () => {
    const read = await bench.makeKey(['read']);
    const none = await bench.call('GET', '/v1/tenants', { key: null });
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="tollkeeper"']);
    const other = `${read.slice(0, -1)}${read.endsWith('x') ? 'y' : 'x'}`;
    expect((await bench.call('GET', '/v1/tenants', { key: other })).status).toBe(401);
    expect((await bench.call('GET', '/v1/tenants', { key: read })).status).toBe(200);
    expect((await bench.call('POST', '/v1/tenants/acme/pause', { key: read })).status).toBe(403);
    expect((await bench.call('POST', '/v1/events', { key: read, body: {} })).status).toBe(403);
    expect((await bench.call('GET', '/v1/keys', { key: read })).status).toBe(403);
  });

  test('that is bound to a tenant sees no other', async () => {
    const key = await bench.makeKey(['read', 'admin'], 'acme');
    const tenants = await bench.call('GET', '/v1/tenants', { key });
    expect(tenants.body.data.map(({ id }: { id: string }) => id)).toEqual(['acme']);
    for (const path of [
      '/v1/tenants/globex',
      '/v1/tenants/globex/usage',
      '/v1/events?tenant=globex',
      '/v1/invoices?tenant=globex',
    ]) {
      expect((await bench.call('GET', path, { key })).body.error.code).toBe('unknown_tenant');
    }
    expect((await bench.call('GET', '/v1/events', { key })).status).toBe(200);
    for (const path of ['/v1/catalogue', '/v1/keys']) expect((await bench.call('GET', path, { key })).status).toBe(403);
  });

  test('is made once, shown once, listed without its secret and revoked', async () => {
    const headers = { 'idempotency-key': 'make-a-key' };
    const body = { name: 'app', scopes: ['ingest'], tenant: 'acme' };
    const made = await bench.call('POST', '/v1/keys', { body, headers });
    expect(made).toMatchObject({ status: 201, body: { name: 'app', scopes: ['ingest'], tenant: 'acme' } });
    expect(made.body.secret).toMatch(/^tk_test_[a-z2-7]{38}$/);
    const again = await bench.call('POST', '/v1/keys', { body, headers });
    expect([again.status, again.headers.get('idempotency-hit')]).toEqual([201, 'true']);
    expect(again.body).toEqual({ ...made.body, secret: null });
    const listed = await bench.call('GET', '/v1/keys?limit=200');
    expect(JSON.stringify(listed.body)).not.toContain(made.body.secret);
    const { rows } = await bench.pool.query(
      'select answer::text from idempotent_request union select details::text from audit_entry',
    );
    expect(JSON.stringify(rows)).not.toContain(made.body.secret);
    const revoked = await bench.call('DELETE', `/v1/keys/${made.body.id}`);
    expect(revoked.body.revokedAt).toBe('2026-11-20T10:30:15Z');
    expect((await bench.call('DELETE', `/v1/keys/${made.body.id}`)).body).toEqual(revoked.body);
    expect(await bench.auditActions(made.body.id)).toEqual(['key.create', 'key.revoke']);
    expect((await bench.call('POST', '/v1/events', { key: made.body.secret, body: {} })).status).toBe(401);
  });

  test.each([
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: ['root'] }, 'scopes.0'],
    [{ name: '', scopes: ['read'] }, 'name'],
    [{ name: 'x', scopes: ['read'], expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('of %j is refused at its field', async (body, path) => {
    const answer = await bench.call('POST', '/v1/keys', { body });
    expect([answer.status, answer.body.error.path]).toEqual([400, path]);
  });
});

describe('the catalogue', () => {
  test('has a schema that editors read without a key', async () => {
    const answer = await bench.call('GET', '/v1/catalogue/schema', { key: null });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/schema+json']);
    expect(answer.body).toEqual(JSON.parse(readFileSync('docs/catalogue.schema.json', 'utf8')));
  });

  const yaml = { 'content-type': 'application/yaml' };

  test('tells the first problem in one line and all of them beside it', async () => {
    const body = CATALOGUE.replace('20.00', 'much').replace('plan: basic, tax', 'plan: golden, tax');
    const answer = await bench.call('POST', '/v1/catalogue?file=my.yaml', { body, headers: yaml });
    expect(answer.status).toBe(422);
    expect(answer.body.error).toMatchObject({ code: 'invalid_catalogue', path: 'plans[0].baseFee' });
    expect(answer.body.error.message).toMatch(/^my\.yaml:8:14 plans\[0\]\.baseFee: must be a plain decimal/);
    expect(answer.body.problems).toEqual([expect.objectContaining({ line: 8, column: 14, path: 'plans[0].baseFee' })]);
  });

  test('shows a dry run without doing it, does it, and then has nothing to do', async () => {
    const body = CATALOGUE.replace('id: globex', 'id: initech');
    const apply = (query: string) => bench.call('POST', `/v1/catalogue${query}`, { body, headers: yaml });
    const dry = await apply('?dryRun=true');
    expect((await bench.call('GET', '/v1/tenants/initech')).status).toBe(404);
    const done = await apply('');
    expect({ ...dry.body, dryRun: false, catalogueVersion: done.body.catalogueVersion }).toEqual(done.body);
    expect(bench.started).toEqual(['acme', 'globex', 'initech']);
    expect((await bench.call('GET', '/v1/tenants/initech')).body).toMatchObject({
      id: 'initech',
      plan: { key: 'basic', version: 1 },
      period: { start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z' },
      sealedThrough: '2026-10-01T00:00:00Z',
    });
    const again = await apply('');
    expect(new Set(again.body.changes.map(({ action }: { action: string }) => action))).toEqual(new Set(['unchanged']));
    const whole = await bench.call('GET', '/v1/catalogue');
    expect(whole.body).toMatchObject({ catalogueVersion: done.body.catalogueVersion, issuer: { name: 'Toll Ltd' } });
  });

  test('lists tenants in pages', async () => {
    const first = await bench.call('GET', '/v1/tenants?limit=2');
    expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(['acme', 'globex']);
    const second = await bench.call('GET', `/v1/tenants?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ data: [{ id: 'initech' }], nextCursor: null });
  });
});

describe('a command', () => {
  test('goes to the workflow once for each Idempotency-Key, and leaves one audit row', async () => {
    const send = (reason: string, key: string) =>
      bench.call('POST', '/v1/tenants/acme/pause', { body: { reason }, headers: { 'idempotency-key': key } });
    const first = await send('holiday', 'pause-1');
    const replay = await send('holiday', 'pause-1');
    expect([first.status, first.headers.get('idempotency-hit')]).toEqual([200, null]);
    expect([replay.status, replay.headers.get('idempotency-hit')]).toEqual([200, 'true']);
    expect(replay.body).toEqual(first.body);
    const other = await send('another reason', 'pause-1');
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    expect(bench.commands.filter(({ name }) => name === 'pause')).toHaveLength(1);
    const { rows } = await bench.pool.query(
      `select actor, subject, details from audit_entry where action = 'tenant.pause'`,
    );
    expect(rows).toEqual([{ actor: expect.stringMatching(/^key_/), subject: 'acme', details: { reason: 'holiday' } }]);
  });

  test('reaches the newest revision of a cycle', async () => {
    await bench.pool.query(
      `insert into billing_cycle (tenant, period_start, stage, revision, workflow_id, updated_at)
       values ('acme', '2026-10-01T00:00:00Z', 'issued', 0, 'close-cycle/acme/a', '2026-11-01T00:00:00Z'),
         ('acme', '2026-10-01T00:00:00Z', 'held', 1, 'close-cycle/acme/a/r1', '2026-11-02T00:00:00Z')`,
    );
    const path = '/v1/cycles/acme/2026-10-01T02:00:00+02:00/approve';
    expect((await bench.call('POST', path)).body).toEqual({ done: 'approve' });
    expect(bench.commands.at(-1)?.target).toBe('acme/2026-10-01T00:00:00Z/1');
    const refused = await bench.call('POST', path, { body: { reason: 'refuse this' } });
    expect([refused.status, refused.body.error]).toEqual([409, { code: 'refused', message: 'nothing is held' }]);
    const cycles = await bench.call('GET', '/v1/tenants/acme/cycles?limit=1');
    expect(cycles.body.data).toEqual([
      expect.objectContaining({
        periodStart: '2026-10-01T00:00:00Z',
        periodEnd: '2026-11-01T00:00:00Z',
        revision: 1,
        stage: 'held',
        invoiceId: null,
        incidents: [],
        workflowUrl: 'http://ui.example/namespaces/default/workflows/close-cycle%2Facme%2Fa%2Fr1',
      }),
    ]);
    const older = await bench.call('GET', `/v1/tenants/acme/cycles?limit=1&cursor=${cycles.body.nextCursor}`);
    expect(older.body).toMatchObject({ data: [{ revision: 0 }], nextCursor: null });
  });
});

describe('health', () => {
  test('names each dependency, and stays ready while only Temporal is away', async () => {
    expect((await bench.call('GET', '/healthz', { key: null })).body).toEqual({ status: 'alive' });
    const ready = await bench.call('GET', '/readyz', { key: null });
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({
      status: 'degraded',
      profile: 'fast',
      isLossy: true,
      dependencies: { postgresql: { status: 'up' }, redis: { status: 'up' }, temporal: { status: 'down' } },
    });
  });
});
