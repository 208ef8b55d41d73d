import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeAnswer, FakeApi, ReceivedRequest } from '../client/fake-api.ts';
import { startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

let folder: CliFolder;
let fake: FakeApi;
let answer: (request: ReceivedRequest) => FakeAnswer;

beforeEach(async () => {
  folder = cliFolder();
  answer = () => ({ status: 200, body: { data: [], nextCursor: null } });
  fake = await startFakeApi((request) => answer(request));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function run(...words: string[]): Promise<CliRun> {
  return folder.run(words, { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_environment' });
}

test.each([
  [['--frobnicate'], "unknown option '--frobnicate'"],
  [['tenants', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
  [['tenant'], "unknown command 'tenant' (Did you mean tenants?)"],
  [['invoice'], "missing required argument 'id'"],
  [['import', 'x.csv', '--type', 'calls', '--time', 'T'], "required option '--tenant <id>' not specified"],
  [['usage', 'acme', '--by', 'week'], "option '--by <span>' argument 'week' is invalid"],
  [['usage', 'acme', '--from', 'yesterday'], "option '--from <instant>' argument 'yesterday' is invalid"],
  [['keys', 'create', 'shop', '--scope', 'root'], "option '--scope <scope>' argument 'root' is invalid"],
  [['apply', 'missing.yaml'], 'missing.yaml is not there: check the path'],
  [['apply', '.'], '. is a folder: name a file'],
  [['tenants', '--url', 'localhost'], 'not a URL of the Tollkeeper API'],
])('%j is refused in one line with exit code 2, before anything is sent', async (words, line) => {
  const { exitCode, out, err } = await run(...words);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(`tollkeeper: ${line}`);
  expect(err.trimEnd().split('\n').length).toBe(1);
  expect(fake.requests.length).toBe(0);
});

test('every command has help with an example', async () => {
  const { out } = await run('--help');
  const names = [...out.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name = '']) => name);
  expect(names).toEqual(expect.arrayContaining(['start', 'demo', 'apply', 'import', 'invoice', 'close-now']));
  const groups = new Set(['keys', 'incidents', 'verify', 'credits', 'coupons', 'add-on']);
  const commands = [
    ...names.filter((name) => !groups.has(name)).map((name) => [name]),
    // Its alias hides it from the list of names.
    ['plan'],
    ...['list', 'grant', 'withdraw'].map((action) => ['credits', action]),
    ...['list', 'give', 'end'].map((action) => ['coupons', action]),
    ...['add', 'remove'].map((action) => ['add-on', action]),
    ['keys', 'create'],
    ['keys', 'list'],
    ['keys', 'rotate'],
    ['incidents', 'list'],
    ['incidents', 'resolve'],
    ['verify', 'counters'],
    ['verify', 'ledger'],
  ];
  for (const words of commands) {
    const help = await run(...words, '--help');
    expect(help.exitCode, words.join(' ')).toBe(0);
    expect(help.out, words.join(' ')).toContain(`Example:\n  $ tollkeeper ${words.join(' ')}`);
  }
});

test('the key comes from the option, then the environment, then the file of the data folder', async () => {
  await run('tenants', '--api-key', 'tk_test_option');
  await run('tenants');
  mkdirSync(join(folder.path, '.tollkeeper'));
  folder.write('.tollkeeper/admin-key', 'tk_test_file\n');
  await folder.run(['tenants', '--url', fake.url]);
  expect(fake.requests.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer tk_test_option',
    'Bearer tk_test_environment',
    'Bearer tk_test_file',
  ]);
});

test('without any key the line says the three ways to give one', async () => {
  const { exitCode, err } = await folder.run(['tenants', '--url', fake.url]);
  expect(exitCode).toBe(2);
  expect(err).toMatch(/no API key: give --api-key KEY, set TOLLKEEPER_API_KEY, or run this where .*admin-key is/);
});

test('a dependency that is down is named, with exit code 1', async () => {
  answer = () => ({
    status: 503,
    body: { error: { code: 'dependency_unavailable', message: 'redis does not answer: try again' } },
  });
  const { exitCode, err } = await run('tenants');
  expect(exitCode).toBe(1);
  expect(err).toBe('tollkeeper: redis does not answer: try again\n');
});

test('a service that is not there is named with its address, with exit code 1', async () => {
  await fake.close();
  const { exitCode, err } = await run('tenants');
  expect(exitCode).toBe(1);
  expect(err).toMatch(new RegExp(`^tollkeeper: the Tollkeeper API at ${fake.url} cannot be reached .*\n$`));
  fake = await startFakeApi(() => 'cut');
});

test('a refused key is told how to give another', async () => {
  answer = () => ({
    status: 401,
    body: { error: { code: 'unauthorized', message: 'this API key is not known here' } },
  });
  const { exitCode, err } = await run('tenants');
  expect(exitCode).toBe(2);
  expect(err).toContain('this API key is not known here: give a key with --api-key');
});

test('apply sends the file as it is and shows what changes', async () => {
  folder.write('catalog.yaml', 'meters: [{ key: calls, aggregation: count }] # comment\n');
  answer = () => ({
    status: 200,
    body: {
      catalogueVersion: 2,
      changes: [
        { kind: 'meter', key: 'calls', action: 'created', details: {} },
        {
          kind: 'plan',
          key: 'pro',
          action: 'new_version',
          details: { version: 2, changed: [{ path: 'baseFee', from: '1', to: '2' }] },
        },
        { kind: 'tenant', key: 'acme', action: 'unchanged', details: {} },
      ],
    },
  });
  const { exitCode, out } = await run('apply', 'catalog.yaml', '--dry-run');
  expect(exitCode).toBe(0);
  expect(fake.requests[0]).toMatchObject({
    path: '/v1/catalogue?dryRun=true&file=catalog.yaml',
    body: 'meters: [{ key: calls, aggregation: count }] # comment\n',
  });
  expect(out).toMatch(/created\s+meter\s+calls/);
  expect(out).toMatch(/new version\s+plan\s+pro\s+version 2; baseFee: 1 → 2/);
  expect(out).toContain('1 unchanged\ndry run: nothing was changed\n');
});

test('a wrong catalogue is told with its place, with exit code 2', async () => {
  folder.write('catalog.yaml', 'plans: []\n');
  const message = 'catalog.yaml:3:14 plans[0].baseFee: must be a plain decimal';
  answer = () => ({ status: 422, body: { error: { code: 'invalid_catalogue', message, path: 'plans[0].baseFee' } } });
  const { exitCode, err } = await run('apply', 'catalog.yaml');
  expect(exitCode).toBe(2);
  expect(err).toBe(`tollkeeper: ${message}\n`);
});

function invoice(index: number): object {
  return {
    id: `inv_${index}`,
    number: `INV-00000${index}`,
    identity: { tenant: 'acme', kind: 'cycle', occasion: '2026-11-01T00:00:00Z', revision: 0 },
    status: 'issued',
    currency: 'USD',
    totalMinor: '8592',
    supplyStart: '2026-11-01T00:00:00Z',
    supplyEnd: '2026-12-01T00:00:00Z',
    dueAt: null,
  };
}

test('lists read as many pages as are asked for, and --json prints what programs need', async () => {
  answer = (request) => {
    const isSecond = request.path.includes('cursor=two');
    return { status: 200, body: { data: [invoice(isSecond ? 2 : 1)], nextCursor: isSecond ? 'three' : 'two' } };
  };
  const { out, err } = await run('invoices', '--limit', '2', '--tenant', 'acme');
  expect(out.split('\n').length).toBe(4);
  expect(out).toMatch(/INV-000002 .* 85\.92 USD/);
  expect(err).toContain('more than 2');
  const json = await run('invoices', '--limit', '1', '--json');
  expect(JSON.parse(json.out)).toEqual([invoice(1)]);
});

test.each([
  [
    ['keys', 'list'],
    { id: 'key_1', name: 'shop', scopes: ['ingest'], createdAt: '2026-11-01T00:00:00Z', revokedAt: '' },
  ],
  [
    ['cycles', 'acme'],
    {
      periodStart: '2026-11-01T00:00:00Z',
      stage: 'open',
      incidents: [],
      updatedAt: '2026-11-01T00:00:00Z',
      workflowId: '',
    },
  ],
])('%j says that there is more than it prints', async (words, row) => {
  answer = () => ({ status: 200, body: { data: [row], nextCursor: 'more' } });
  expect((await run(...words, '--limit', '1')).err).toContain('more than 1: see them with --limit');
});

test('a name with control characters cannot rewrite the terminal', async () => {
  answer = () => ({
    status: 200,
    body: { data: [{ id: 'acme', name: 'A\u001b[2Jme', endsAt: null }], nextCursor: null },
  });
  const { out } = await run('tenants');
  expect(out).not.toContain('\u001b');
});

test('text of others cannot rewrite the terminal where no table shows it', async () => {
  const evil = 'set aside: \u001b[2J\u009b2J';
  answer = () => ({ status: 200, body: { id: 'dl_1', tenant: 'acme', reason: evil, content: evil, resolvedAt: null } });
  const shown = await run('dead-letters', 'show', 'dl_1');
  expect(shown.out).toContain('set aside: �[2J�2J');
  const json = await run('dead-letters', 'show', 'dl_1', '--json');
  expect(JSON.parse(json.out)).toMatchObject({ reason: evil });
  expect(json.out).not.toMatch(/[\u007f-\u009f]/);
  answer = () => ({ status: 404, body: { error: { code: 'unknown_dead_letter', message: evil } } });
  expect((await run('dead-letters', 'show', 'dl_1')).err).toContain('set aside: �[2J�2J');
});

test('commands about a cycle send its period and the reason', async () => {
  answer = () => ({ status: 200, body: {} });
  expect((await run('approve', 'acme', '2026-11-01', '--reason', 'checked')).exitCode).toBe(0);
  expect(fake.requests[0]).toMatchObject({
    method: 'POST',
    path: '/v1/cycles/acme/2026-11-01T00%3A00%3A00Z/approve',
    body: '{"reason":"checked"}',
  });
});

test('check asks about each meter and ends with exit code 1 when the tenant may not', async () => {
  const limit = { meter: 'calls', window: 'period', used: '9000', limit: '10000', remaining: '1000', resetsAt: 'then' };
  answer = (request) => ({
    status: 200,
    body: request.body.includes('1001')
      ? { allowed: false, reason: 'limit_exceeded', limits: [limit] }
      : { allowed: true, limits: [limit] },
  });
  const may = await run('check', 'acme', 'calls,gb', '5');
  expect(may.exitCode).toBe(0);
  expect(may.out).toMatch(/^allowed\n[\s\S]*calls\s+period\s+9,000\s+10,000\s+1,000\s+then/);
  expect(fake.requests[0]).toMatchObject({
    method: 'POST',
    path: '/v1/check',
    body: '{"tenant":"acme","meters":["calls","gb"],"quantity":"5"}',
  });
  await run('check', 'acme', 'calls', '5', '--property', 'project=a=b', 'region=eu');
  expect(fake.requests[1]?.body).toContain('"properties":{"project":"a=b","region":"eu"}');
  expect((await run('check', 'acme', 'calls', '--property', 'project')).err).toContain('write name=value');
  const mayNot = await run('check', 'acme', 'calls', '1001');
  expect(mayNot.exitCode).toBe(1);
  expect(mayNot.err).toBe('tollkeeper: acme may not use 1001 of calls now: limit_exceeded\n');
});

test('usage is shown by the values of a dimension', async () => {
  const bucket = { start: '2026-11-20T00:00:00Z', meter: 'tokens', unit: 'token', eventCount: '1' };
  const data = [
    { ...bucket, value: 'small', quantity: '12345' },
    { ...bucket, value: null, quantity: '7' },
  ];
  const open = { period: null, live: {}, liveSource: null };
  answer = () => ({
    status: 200,
    body: { tenant: 'acme', timeZone: 'UTC', by: 'day', dimension: 'model', data, ...open },
  });
  const { out } = await run('usage', 'acme', '--meter', 'tokens', '--dimension', 'model');
  expect(fake.requests[0]?.path).toBe('/v1/tenants/acme/usage?by=day&meter=tokens&dimension=model');
  expect(out).toMatch(
    /day\s+model\s+meter\s+quantity\s+events\s+[\s\S]*small\s+tokens\s+12,345 token\s+1\n.*\(none\)\s+tokens\s+7 token/,
  );
});

test('refusals shows what was turned away, in digits that people read', async () => {
  const row = { hour: '2026-11-20T10:00:00Z', unit: 'call', reason: 'limit_exceeded', eventCount: '2' };
  answer = () => ({
    status: 200,
    body: {
      data: [
        { ...row, meter: 'calls', quantity: '31000' },
        { ...row, meter: 'peak', quantity: null },
      ],
      nextCursor: null,
    },
  });
  const { exitCode, out } = await run('refusals', 'acme', '--from', '2026-11-20', '--meter', 'calls');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/calls\s+limit_exceeded\s+2\s+31,000 call\n/);
  expect(fake.requests[0]?.path).toBe('/v1/tenants/acme/refusals?limit=100&from=2026-11-20T00%3A00%3A00Z&meter=calls');
});

test('alerts shows which thresholds were reached, of all tenants or of one', async () => {
  const row = { id: 'alr_a', tenant: 'acme', periodStart: '2026-11-01T00:00:00Z', meter: 'calls', unit: 'call' };
  const reached = { threshold: 'limit:0.8', thresholdQuantity: '8000', quantity: '8100', at: '2026-11-20T10:00:00Z' };
  answer = () => ({ status: 200, body: { data: [{ ...row, ...reached }], nextCursor: null } });
  const { exitCode, out } = await run('alerts', 'acme', '--period', '2026-11-01');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/acme\s+2026-11-01T00:00:00Z\s+calls\s+limit:0\.8\s+8,000\s+8,100 call\n/);
  await run('alerts');
  expect(fake.requests.map(({ path }) => path)).toEqual([
    '/v1/alerts?limit=100&period=2026-11-01T00%3A00%3A00Z&tenant=acme',
    '/v1/alerts?limit=100',
  ]);
});

test('counting back asks again until there is no cursor, and tells the sum', async () => {
  answer = ({ body }) => {
    const isFirst = !body.includes('cursor');
    const counts = { meter: 'credits', counted: 1_500, unreadable: isFirst ? 2 : 0 };
    return { status: 200, body: { ...counts, nextCursor: isFirst ? 'there' : null } };
  };
  const { out, exitCode } = await run('count-back', 'credits', '--to', '2026-11-01');
  expect({ out, exitCode }).toEqual({ out: 'credits counted 3,000 events, 2 could not be read\n', exitCode: 0 });
  expect(fake.requests.map(({ body }) => JSON.parse(body) as object)).toEqual([
    { to: '2026-11-01T00:00:00Z' },
    { to: '2026-11-01T00:00:00Z', cursor: 'there' },
  ]);
});
