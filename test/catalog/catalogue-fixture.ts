import type pg from 'pg';

import { applyCatalogue } from '../../src/catalog/apply-catalogue.ts';
import type { ApplyResult } from '../../src/catalog/apply-catalogue.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import { prepareInstallation } from '../../src/catalog/prepare-installation.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction, openDatabase } from '../../src/ledger/database.ts';
import { checkPlan } from '../../src/rating/check-plan.ts';
import { createTestDatabase } from '../support/test-database.ts';

export const AT = '2026-11-20T10:30:15.5Z';

/** A small catalogue: one meter, one plan, one tenant. Tests replace parts of its text. */
export const CATALOGUE = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - key: basic
    currency: USD
    baseFee: 20.00
    charges:
      - { key: calls, meter: calls, price: { model: per_unit, unitPrice: 0.000003 } }
    limits:
      - { meter: calls, mode: hard, limit: 1000 }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, lateWindow: 15m, plan: basic }
`;

export interface CatalogueDatabase {
  readonly pool: pg.Pool;
  /** The secret of the first admin key. */
  readonly adminSecret: string;
  apply(yaml: string, options?: { dryRun?: boolean; at?: string }): Promise<ApplyResult>;
  close(): Promise<void>;
}

/** A prepared database of the test's own. */
export async function openCatalogueDatabase(): Promise<CatalogueDatabase> {
  const database = await createTestDatabase();
  const pool = openDatabase({ databaseUrl: database.databaseUrl, applicationName: 'test', poolSizeMax: 4 });
  const settings = { mode: 'test', issuer: { name: 'Nobody', addressLines: [], taxIds: [] }, shardCount: 2 } as const;
  const { firstAdminKey } = await inTransaction(pool, (client) =>
    prepareInstallation(client, { ...settings, atMicros: requireInstant(AT) }),
  );
  return {
    pool,
    adminSecret: firstAdminKey ?? '',
    apply: (yaml, options = {}) =>
      inTransaction(pool, (client) =>
        applyCatalogue(client, parseCatalogue(yaml, 'catalog.yaml'), {
          dryRun: options.dryRun ?? false,
          atMicros: requireInstant(options.at ?? AT),
          checkPlan,
        }),
      ),
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}
