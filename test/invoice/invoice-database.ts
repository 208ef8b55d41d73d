import type pg from 'pg';

import { openDatabase } from '../../src/ledger/database.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { insertTenant, TENANT } from './sample-invoice.ts';

/** A database with the tenants that sample invoices refer to. */
export interface InvoiceDatabase {
  readonly pool: pg.Pool;
  /** The owner's, for what the application role may not do. */
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** Opens one of the test's own; `poolSizeMax` bounds how many transactions the test can run side by side. */
export async function openInvoiceDatabase(
  options: { readonly tenants?: readonly string[]; readonly poolSizeMax?: number } = {},
): Promise<InvoiceDatabase> {
  const { tenants = [TENANT], poolSizeMax = 4 } = options;
  const database = await createTestDatabase();
  const pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax });
  for (const tenant of tenants) await insertTenant(pool, tenant);
  return {
    pool,
    databaseUrl: database.databaseUrl,
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}
