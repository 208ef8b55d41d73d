import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readAroundBill } from '../../src/invoice/around-bill.ts';
import { endApplication, insertApplication, requireRoomForCoupon } from '../../src/invoice/coupon-applications.ts';
import { derivedId } from '../../src/invoice/invoice-digests.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { type InvoiceDatabase, openInvoiceDatabase } from './invoice-database.ts';
import { TENANT } from './sample-invoice.ts';

let database: InvoiceDatabase;
let pool: pg.Pool;

beforeEach(async () => {
  database = await openInvoiceDatabase({ tenants: [TENANT] });
  ({ pool } = database);
  await pool.query(
    `insert into coupon (key, definition, created_at)
     select 'coupon_' || n::text, '{"name":"Offer","discount":{"percent":"1"}}'::jsonb, '2023-11-01'
     from generate_series(1, 101) as n`,
  );
});

afterEach(() => database.close());

const [NOVEMBER, DECEMBER] = ['2023-11-01T00:00:00Z', '2023-12-01T00:00:00Z'];

/** As the route does it: written, then refused where a bill could not have it. */
function give(number: number, max?: number): Promise<string> {
  return inTransaction(pool, async (client) => {
    const coupon = `coupon_${number}`;
    const id = derivedId('cpn_', [coupon]);
    await insertApplication(client, { id, tenant: TENANT, coupon, from: NOVEMBER }, NOVEMBER);
    await requireRoomForCoupon(client, TENANT, max);
    return id;
  });
}

async function couponsOfBill(): Promise<number | readonly string[]> {
  const read = await readAroundBill(pool, {
    identity: { tenant: TENANT, kind: 'cycle', occasion: NOVEMBER, revision: 0 },
    period: { start: NOVEMBER, end: DECEMBER },
    billTo: TENANT,
    currency: 'USD',
  });
  return 'problems' in read ? read.problems : (read.around.coupons?.length ?? 0);
}

test('a bill has a hundred coupons, and leaves no further one out in silence', async () => {
  for (let number = 1; number <= 100; number += 1) await give(number);
  expect(await couponsOfBill()).toBe(100);
  await expect(give(101)).rejects.toMatchObject({ code: 'too_many_coupons' });
  await give(101, 101);
  expect(await couponsOfBill()).toEqual([expect.stringContaining('more than 100 coupons')]);
});

test('a tenant holds no more than a bill can have, also where several are given at once', async () => {
  const given = await Promise.allSettled([1, 2, 3, 4].map((number) => give(number, 2)));
  expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
});

test('a coupon that is ended counts until the period that it was on is sealed', async () => {
  await endApplication(pool, await give(1, 1), '2023-11-15T00:00:00Z');
  await expect(give(2, 1)).rejects.toMatchObject({ code: 'too_many_coupons' });
  await pool.query('insert into gate (tenant, version, sealed_through) values ($1::text, 1, $2::timestamptz)', [
    TENANT,
    DECEMBER,
  ]);
  await expect(give(2, 1)).resolves.toMatch(/^cpn_/);
});
