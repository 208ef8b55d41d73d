import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { saveDraft } from '../../src/invoice/save-draft.ts';
import { cliFolder, type CliFolder } from '../cli/cli-runs.ts';
import { sampleDraft } from '../invoice/sample-invoice.ts';
import { CATALOGUE, NOW, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;
let folder: CliFolder;

const COUPONS = `${CATALOGUE}
coupons:
  - { key: launch, name: Launch offer, discount: { percent: 10 }, periods: 3 }
  - { key: euros, discount: { amount: 5 }, currency: EUR }
`;

beforeAll(async () => {
  bench = await openApiBench();
  folder = cliFolder();
  await bench.apply(COUPONS);
});

afterAll(async () => {
  folder.remove();
  await bench.close();
});

function run(...words: string[]) {
  return folder.run(words, { TOLLKEEPER_URL: bench.url, TOLLKEEPER_API_KEY: bench.adminKey });
}

const post = (path: string, body: unknown, key?: string) =>
  bench.call('POST', path, { body, ...(key === undefined ? {} : { key }) });

async function auditOf(action: string): Promise<number> {
  const { rows } = await bench.pool.query('select 1 from audit_entry where action = $1::text', [action]);
  return rows.length;
}

describe('credit', () => {
  test('is given once for one idempotency key, with who and why, and is listed with what is left', async () => {
    const request = {
      body: { amount: '50.00', reason: 'prepaid', expiresAt: '2027-01-01T00:00:00+01:00' },
      headers: { 'idempotency-key': 'credit-1' },
    };
    const given = await bench.call('POST', '/v1/tenants/acme/credits', request);
    expect(given).toMatchObject({
      status: 201,
      body: {
        amountMinor: '5000',
        balanceMinor: '5000',
        claimedMinor: '0',
        kind: 'granted',
        expiresAt: '2026-12-31T23:00:00Z',
        grantedAt: NOW,
      },
    });
    const replay = await bench.call('POST', '/v1/tenants/acme/credits', request);
    expect([replay.body.id, replay.headers.get('idempotency-hit')]).toEqual([given.body.id, 'true']);
    expect(await auditOf('credit.grant')).toBe(1);
    const list = await bench.call('GET', '/v1/tenants/acme/credits');
    expect(list.body).toMatchObject({
      data: [{ id: given.body.id }],
      balances: [{ currency: 'USD', balanceMinor: '5000' }],
    });
  });

  test('that is left is withdrawn, once', async () => {
    const { body: credit } = await post('/v1/tenants/globex/credits', { amount: '7', reason: 'by mistake' });
    const path = `/v1/tenants/globex/credits/${credit.id}/withdraw`;
    expect((await post(path, { reason: 'given twice' })).body).toMatchObject({ amountMinor: '700', balanceMinor: '0' });
    expect((await post(path, {})).status).toBe(200);
    expect(await auditOf('credit.withdraw')).toBe(1);
    const other = await post(`/v1/tenants/acme/credits/${credit.id}/withdraw`, {});
    expect([other.status, other.body.error.code]).toEqual([404, 'unknown_credit']);
  });

  test.each([
    [{ amount: '0', reason: 'r' }, 'amount'],
    [{ amount: '-1', reason: 'r' }, 'amount'],
    [{ amount: '1e3', reason: 'r' }, 'amount'],
    [{ amount: 5, reason: 'r' }, 'amount'],
    [{ amount: '1.005', reason: 'r' }, 'amount'],
    [{ amount: '1', reason: ' ' }, 'reason'],
    [{ amount: '1', reason: 'r', expiresAt: NOW }, 'expiresAt'],
    [{ amount: '1', reason: 'r', priority: 1.5 }, 'priority'],
    [{ amount: '1', reason: 'r', balance: '1' }, 'balance'],
  ])('that cannot be read is refused at its field: %j', async (body, path) => {
    const answer = await post('/v1/tenants/acme/credits', body);
    expect([answer.status, answer.body.error.path]).toEqual([400, path]);
  });
});

test('keys of a tenant see what it has and give it nothing', async () => {
  const admin = await bench.makeKey(['admin'], 'acme');
  const credit = { amount: '50', reason: 'mine' };
  const charge = { key: 'k', description: 'd', amount: '1' };
  expect((await post('/v1/tenants/acme/credits', credit, admin)).status).toBe(403);
  expect((await post('/v1/tenants/acme/one-offs', charge, admin)).status).toBe(403);
  expect((await post('/v1/tenants/acme/coupons', { coupon: 'launch' }, admin)).status).toBe(403);
  expect((await bench.call('GET', '/v1/tenants/acme/credits', { key: admin })).status).toBe(200);
  expect((await bench.call('GET', '/v1/tenants/globex/credits', { key: admin })).status).toBe(404);
});

test('a charge is made once for one key, and another one under it is refused', async () => {
  const charge = { key: 'setup', description: 'Setup', amount: '99.50' };
  const made = await post('/v1/tenants/acme/one-offs', charge);
  expect(made).toMatchObject({ status: 201, body: { key: 'setup', amount: '99.5', at: NOW } });
  expect(await post('/v1/tenants/acme/one-offs', charge)).toMatchObject({ status: 200, body: made.body });
  const other = await post('/v1/tenants/acme/one-offs', { ...charge, amount: '1' });
  expect([other.status, other.body.error.code]).toEqual([409, 'one_off_exists']);
  expect(await auditOf('one_off.charge')).toBe(1);
  const list = await bench.call('GET', '/v1/tenants/acme/one-offs');
  expect(list.body.data).toEqual([{ ...made.body, invoiceId: null }]);
});

describe('a charge that was made once', () => {
  test('is cancelled while no invoice has it, also again; its key stays taken', async () => {
    const charge = { key: 'wrong', description: 'Wrong', amount: '99.50' };
    const path = '/v1/tenants/acme/one-offs/wrong';
    const made = await post('/v1/tenants/acme/one-offs', charge);
    const due = async () => (await bench.call('GET', '/v1/tenants/acme/spend')).body.subtotalMinor;
    const before = await due();
    const cancelled = await bench.call('DELETE', `${path}?reason=twice`);
    expect(cancelled).toMatchObject({ status: 200, body: { ...made.body, cancelledAt: NOW, invoiceId: null } });
    expect(BigInt(before) - BigInt(await due())).toBe(9_950n);
    const again = await bench.call('DELETE', `/v1/tenants/acme/one-offs/${made.body.id}`);
    expect(again).toMatchObject({ status: 200, body: cancelled.body });
    expect(await auditOf('one_off.cancel')).toBe(1);
    const taken = await post('/v1/tenants/acme/one-offs', charge);
    expect([taken.status, taken.body.error.code]).toEqual([409, 'one_off_cancelled']);
    const unknown = await bench.call('DELETE', '/v1/tenants/acme/one-offs/other');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'unknown_charge']);
  });

  test('is not cancelled by a key of the tenant, nor when an invoice has it', async () => {
    const path = '/v1/tenants/acme/one-offs/kept';
    const made = await post('/v1/tenants/acme/one-offs', { key: 'kept', description: 'Kept', amount: '5' });
    const bound = await bench.makeKey(['admin'], 'acme');
    expect((await bench.call('DELETE', path, { key: bound })).status).toBe(403);
    await saveDraft(bench.pool, sampleDraft({ tenant: 'acme' }, { oneOffs: [made.body] }));
    const refused = await bench.call('DELETE', path);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'already_billed']);
    const { body } = await bench.call('GET', '/v1/tenants/acme/one-offs');
    expect(body.data).toContainEqual({ ...made.body, invoiceId: expect.stringMatching(/^inv_/) });
  });
});

test('a coupon of the catalogue is given and ended; unknown ones and other currencies are refused', async () => {
  const given = await post('/v1/tenants/acme/coupons', { coupon: 'launch', from: '2026-11-01T00:00:00Z' });
  expect(given).toMatchObject({ status: 201, body: { coupon: { key: 'launch', periods: 3 }, to: null, uses: 0 } });
  expect((await post('/v1/tenants/acme/coupons', { coupon: 'launch', from: '2026-11-01T00:00:00Z' })).status).toBe(200);
  const path = `/v1/tenants/acme/coupons/${given.body.id}/end`;
  expect((await post(path, {})).body.to).toBe(NOW);
  expect((await post(path, {})).body.to).toBe(NOW);
  expect(await auditOf('coupon.end')).toBe(1);
  expect((await bench.call('GET', '/v1/tenants/acme/coupons')).body.data).toHaveLength(1);
  const unknown = await post('/v1/tenants/acme/coupons', { coupon: 'other' });
  expect([unknown.status, unknown.body.error.code]).toEqual([400, 'unknown_coupon']);
  const euros = await post('/v1/tenants/acme/coupons', { coupon: 'euros' });
  expect([euros.status, euros.body.error.code]).toEqual([409, 'other_currency']);
});

test('the commands do the same, and the spend has what the bill would have', async () => {
  expect(await run('credits', 'grant', 'globex', '12.50', '--reason', 'goodwill')).toMatchObject({ exitCode: 0 });
  const credits = await run('credits', 'list', 'globex');
  expect(credits.out).toContain('goodwill');
  expect(credits.out).toContain('12.50 USD');
  expect(await run('charge', 'globex', '5', 'Hardware', '--key', 'hw-1')).toMatchObject({ exitCode: 0 });
  expect((await run('charges', 'globex')).out).toMatch(/hw-1 .*Hardware +5 +not yet/);
  await run('charge', 'globex', '7', 'Mistake', '--key', 'hw-2');
  expect((await run('cancel-charge', 'globex', 'hw-2', '--reason', 'twice')).out).toContain('is cancelled');
  expect((await run('charges', 'globex')).out).toMatch(/hw-2 .*Mistake +7 +cancelled/);
  expect(await run('coupons', 'give', 'globex', 'launch')).toMatchObject({ exitCode: 0 });
  expect((await run('coupons', 'list', 'globex')).out).toMatch(/launch +10 % +the whole invoice .*0 of 3/);
  const { body: spend } = await bench.call('GET', '/v1/tenants/globex/spend');
  expect(spend).toMatchObject({ subtotalMinor: '2250', totalMinor: '2250', dueMinor: '1000' });
  expect(spend.creditLines).toMatchObject([{ description: 'goodwill', amountMinor: '1250' }]);
});

test('a charge that no bill would have any more is refused', async () => {
  const plan = /- key: (\w+)\n\s+currency: USD/.exec(CATALOGUE)?.[1] ?? '';
  const body = `tenants: [{ id: over, currency: USD, billingStart: 2026-09-01T00:00:00Z, endsAt: 2026-10-01T00:00:00Z, plan: ${plan} }]`;
  await bench.apply(body);
  const charge = { key: 'setup', description: 'Setup', amount: '5', at: '2026-09-10T00:00:00Z' };
  expect((await post('/v1/tenants/over/one-offs', charge)).status).toBe(201);
  await bench.pool.query(`update gate set sealed_through = '2026-10-01T00:00:00Z' where tenant = 'over'`);
  const refused = await post('/v1/tenants/over/one-offs', { ...charge, key: 'other' });
  expect([refused.status, refused.body.error?.code]).toEqual([409, 'tenant_ended']);
  expect((await post('/v1/tenants/over/one-offs', charge)).status).toBe(200);
});
