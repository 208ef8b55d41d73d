import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { inTransaction } from '../../src/ledger/database.ts';
import { insertOneOff, readUnbilledOneOffs, requireRoomForOneOff } from '../../src/invoice/one-off-charges.ts';
import { derivedId } from '../../src/invoice/invoice-digests.ts';
import { issueInvoice } from '../../src/invoice/issue-invoice.ts';
import { moveInvoice } from '../../src/invoice/move-invoice.ts';
import { saveDraft } from '../../src/invoice/save-draft.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { NOW, sampleDraft, TENANT } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await openInvoiceDatabase({ tenants: [TENANT] });
  ({ pool } = database);
});

afterEach(() => database.close());

const DECEMBER = '2023-12-01T00:00:00Z';
const BILL = { tenant: TENANT, periodEnd: DECEMBER, occasion: '2023-11-01T00:00:00Z' };

const charge = (key: string) => {
  const at = '2023-11-05T00:00:00Z';
  return { id: derivedId('one_', [TENANT, key]), tenant: TENANT, key, description: key, amount: '5', at };
};

/** As the route does it: written, then refused where no bill could have it. */
function make(key: string, max: number): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { isNew } = await insertOneOff(client, charge(key), DECEMBER);
    await requireRoomForOneOff(client, TENANT, max);
    return isNew;
  });
}

async function keysOf(max: number): Promise<readonly string[] | string> {
  const read = await readUnbilledOneOffs(pool, BILL, max);
  return 'problem' in read ? read.problem : read.oneOffs.map(({ key }) => key);
}

test('a bill has more than a thousand charges', async () => {
  await pool.query(
    `insert into one_off (id, tenant, key, description, amount, at, created_at)
     select 'one_' || lpad(n::text, 26, '0'), $1::text, n::text, 'Part', 1, '2023-11-05', '2023-11-05'
     from generate_series(1, 1234) as n`,
    [TENANT],
  );
  const read = await readUnbilledOneOffs(pool, BILL);
  expect('oneOffs' in read && read.oneOffs.length).toBe(1_234);
});

test('what is more than a bill can have is on the next one, and no last bill leaves any out in silence', async () => {
  for (const key of ['a', 'b', 'c']) await make(key, 3);
  expect(await keysOf(3)).toHaveLength(3);
  expect(await keysOf(2)).toHaveLength(2);
  await pool.query('update tenant set ends_at = $2::timestamptz where id = $1::text', [TENANT, DECEMBER]);
  expect(await keysOf(3)).toHaveLength(3);
  expect(await keysOf(2)).toMatch(/more than 2 charges made once on its last bill.*tollkeeper cancel-charge/);
});

test('a tenant has no more open charges than one bill can have, also where several are made at once', async () => {
  const made = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((key) => make(key, 3)));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  await expect(make('f', 3)).rejects.toMatchObject({
    code: 'too_many_charges',
    message: expect.stringMatching(/their sum/),
  });

  // What a draft has comes back when it is rejected, and is counted until it is issued.
  const read = await readUnbilledOneOffs(pool, BILL);
  const oneOffs = 'oneOffs' in read ? read.oneOffs : [];
  const { invoiceId } = await inTransaction(pool, (client) => saveDraft(client, sampleDraft({}, { oneOffs })));
  await expect(make('f', 3)).rejects.toMatchObject({ code: 'too_many_charges' });
  await inTransaction(pool, (client) => issueInvoice(client, { invoiceId, at: NOW, chainTip: 'none' }));
  await expect(make('f', 3)).resolves.toBe(true);
});

test('a charge is refused as soon as the last period is sealed', async () => {
  await pool.query('update tenant set ends_at = $2::timestamptz where id = $1::text', [TENANT, DECEMBER]);
  await pool.query("insert into gate (tenant, version, sealed_through) values ($1::text, 1, '2023-11-01')", [TENANT]);
  await expect(make('a', 3)).resolves.toBe(true);
  await pool.query('update gate set sealed_through = $2::timestamptz where tenant = $1::text', [TENANT, DECEMBER]);
  await expect(make('b', 3)).rejects.toMatchObject({ code: 'tenant_ended' });
});

test('charges of an invoice that was rejected are open again', async () => {
  await make('a', 3);
  const oneOffs = [charge('a')];
  const { invoiceId } = await inTransaction(pool, (client) => saveDraft(client, sampleDraft({}, { oneOffs })));
  const elsewhere = { ...BILL, occasion: '2024-06-01T00:00:00Z' };
  const open = async () => {
    const read = await readUnbilledOneOffs(pool, elsewhere);
    return 'oneOffs' in read ? read.oneOffs.length : read.problem;
  };
  expect(await open()).toBe(0);
  await inTransaction(pool, (client) =>
    moveInvoice(client, { invoiceId, to: 'held', actor: 'ann', reason: 'look', at: NOW }),
  );
  await inTransaction(pool, (client) =>
    moveInvoice(client, { invoiceId, to: 'rejected', actor: 'ann', reason: 'wrong', at: NOW }),
  );
  expect(await open()).toBe(1);
});
