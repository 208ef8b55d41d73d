import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { requireInstant } from '../../src/domain/instant.ts';
import { recordIncident } from '../../src/ledger/incidents.ts';
import { cliFolder, type CliFolder } from '../cli/cli-runs.ts';
import { eventually } from '../support/api-calls.ts';
import { NOW, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;
let folder: CliFolder;
let other: ChildProcess;
let otherUrl: string;

/** Another process of the API on the same stores. */
async function startOther(): Promise<string> {
  other = spawn(process.execPath, ['src/api/main.ts'], {
    env: {
      PATH: process.env['PATH'],
      TZ: 'UTC',
      LOG_LEVEL: 'silent',
      DATABASE_URL: bench.databaseUrl,
      REDIS_URL: bench.redisUrl,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TOLLKEEPER_PORT: '0',
      TOLLKEEPER_PROFILE: 'fast',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (other.stdout === null) throw new Error('the other process has no output');
  const [line] = (await once(other.stdout, 'data')) as [Buffer];
  return /http:\S+/.exec(line.toString('utf8'))?.[0] ?? '';
}

beforeAll(async () => {
  bench = await openApiBench();
  folder = cliFolder();
  otherUrl = await startOther();
});

afterAll(async () => {
  other.kill('SIGTERM');
  await once(other, 'exit');
  folder.remove();
  await bench.close();
});

function run(...words: string[]) {
  return folder.run(words, { TOLLKEEPER_URL: bench.url, TOLLKEEPER_API_KEY: bench.adminKey });
}

async function statusAtOther(secret: string): Promise<number> {
  const response = await fetch(`${otherUrl}/v1/tenants`, { headers: { authorization: `Bearer ${secret}` } });
  await response.arrayBuffer();
  return response.status;
}

describe('a key', () => {
  test('that is revoked stops working in another process within five seconds', async () => {
    const { body } = await bench.call('POST', '/v1/keys', { body: { name: 'reader', scopes: ['read'] } });
    expect(await statusAtOther(body.secret)).toBe(200);
    expect((await bench.call('DELETE', `/v1/keys/${body.id}`)).status).toBe(200);
    await eventually(
      async () => ((await statusAtOther(body.secret)) === 401 ? true : undefined),
      5_000,
      'the end of a revoked key in the other process',
    );
  });

  test('is rotated: its successor is for the same, and the old one ends', async () => {
    const made = JSON.parse((await run('keys', 'create', 'shop', '--scope', 'read', '--json')).out);
    const { exitCode, out } = await run('keys', 'rotate', made.id, '--overlap', '2h', '--json');
    const key = JSON.parse(out);
    expect([exitCode, key.old.expiresAt]).toEqual([0, '2026-11-20T12:30:15Z']);
    expect(key).toMatchObject({ name: 'shop', scopes: ['read'], rotatedFrom: made.id, revokedAt: null });
    for (const one of [made.secret, key.secret]) {
      expect((await bench.call('GET', '/v1/tenants', { key: one })).status).toBe(200);
    }
    bench.setClock('2026-11-20T12:30:15Z');
    expect((await bench.call('GET', '/v1/tenants', { key: made.secret })).status).toBe(401);
    expect((await bench.call('GET', '/v1/tenants', { key: key.secret })).status).toBe(200);
    bench.setClock(NOW);
    const rows = await bench.pool.query(`select details from audit_entry where action = 'key.rotate'`);
    expect(rows.rows).toMatchObject([{ details: { name: 'shop', newKey: key.id } }]);
    expect(JSON.stringify(rows.rows)).not.toContain(key.secret);
    const list = (await run('keys', 'list')).out;
    expect(list).toContain(`${key.secret.slice(0, 12)}…`);
    expect(list).toContain('ends 2026-11-20T12:30:15Z');
  });

  test('is rotated once for one Idempotency-Key, whose replay does not show the secret', async () => {
    const { body: old } = await bench.call('POST', '/v1/keys', { body: { name: 'a', scopes: ['read'] } });
    const headers = { 'idempotency-key': 'rotate-once' };
    const [first, second] = [
      await bench.call('POST', `/v1/keys/${old.id}/rotate`, { headers }),
      await bench.call('POST', `/v1/keys/${old.id}/rotate`, { headers }),
    ];
    expect(second.body).toEqual({ ...first.body, secret: null });
  });

  test.each([
    ['key_none', {}, 404, 'unknown_key'],
    ['key_none', { overlapSeconds: -1 }, 400, 'invalid_body'],
    ['key_none', { overlapSeconds: 1e9 }, 400, 'invalid_body'],
  ])('that is %s with %j is not rotated', async (id, body, status, code) => {
    const answer = await bench.call('POST', `/v1/keys/${id}/rotate`, { body });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test('that has ended is not rotated; one can be made with an end', async () => {
    const end = ['--expires', '2026-11-20T10:40:00Z'];
    const key = JSON.parse((await run('keys', 'create', 'short', '--scope', 'read', ...end, '--json')).out);
    expect(key.expiresAt).toBe('2026-11-20T10:40:00Z');
    await run('keys', 'revoke', key.id);
    expect(await run('keys', 'rotate', key.id)).toMatchObject({ exitCode: 2, err: expect.stringContaining('revoked') });
    expect(await run('keys', 'rotate', key.id, '--overlap', 'soon')).toMatchObject({ exitCode: 2 });
  });
});

describe('incidents', () => {
  test('are listed while open, page by page, and closed with a reason', async () => {
    for (const tenant of ['acme', 'globex', 'initech']) {
      const details = { periodStart: NOW };
      await recordIncident(bench.pool, { kind: 'drift', tenant, details, at: requireInstant(NOW) });
    }
    await recordIncident(bench.pool, { kind: 'journal_loss', shard: 1, details: {}, at: requireInstant(NOW) });
    const first = await bench.call('GET', '/v1/incidents?limit=3');
    expect(first.body.data.map(({ kind, tenant }: Record<string, string>) => [kind, tenant])).toEqual([
      ['journal_loss', null],
      ['drift', 'initech'],
      ['drift', 'globex'],
    ]);
    const rest = await bench.call('GET', `/v1/incidents?limit=3&cursor=${first.body.nextCursor}`);
    expect(rest.body).toMatchObject({ data: [{ tenant: 'acme', details: { periodStart: NOW } }], nextCursor: null });
    const { id } = rest.body.data[0];
    expect(id).toMatch(/^inc_\d+$/);
    expect(await run('incidents', 'resolve', id, '--reason', 'sent again')).toMatchObject({ exitCode: 0 });
    const again = await bench.call('POST', `/v1/incidents/${id}/resolve`, { body: { reason: 'other' } });
    expect(again.body).toMatchObject({ id, resolvedAt: NOW, resolution: 'sent again' });
    const audits = await bench.pool.query(`select subject from audit_entry where action = 'incident.resolve'`);
    expect(audits.rows).toEqual([{ subject: id }]);
    expect((await bench.call('GET', '/v1/incidents?kind=drift&tenant=acme')).body.data).toEqual([]);
    expect((await bench.call('GET', '/v1/incidents?resolved=true&tenant=acme')).body.data).toHaveLength(1);
    expect((await run('incidents', 'list')).out).not.toContain('acme');
    expect((await run('incidents', 'list', '--all')).out).toContain('sent again');
  });

  test('are not closed without a reason, by a reader, or when there is none', async () => {
    const resolve = (id: string, options: object) => bench.call('POST', `/v1/incidents/${id}/resolve`, options);
    expect((await resolve('inc_1', { body: {} })).status).toBe(400);
    expect((await resolve('inc_999', { body: { reason: 'x' } })).status).toBe(404);
    expect((await resolve('999', { body: { reason: 'x' } })).status).toBe(404);
    const key = await bench.makeKey(['read']);
    expect((await resolve('inc_1', { body: { reason: 'x' }, key })).status).toBe(403);
    expect((await bench.call('GET', '/v1/incidents', { key })).status).toBe(200);
  });
});
