import type { Client } from 'pg';

import { requireInstant, type InstantText } from '../../src/domain/instant.ts';
import { ensureEventPartitions } from '../../src/ledger/partitions.ts';
import { withConnection } from './template-database.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const TABLES = `
select relation.oid::regclass::text as name, string_agg(quote_ident(attname), ', ' order by attnum) as columns
from pg_class relation
join pg_attribute on attrelid = relation.oid and attnum > 0 and not attisdropped and attgenerated = ''
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
  and relname <> 'pgmigrations'
group by relation.oid
order by name`;

interface Table {
  readonly name: string;
  readonly columns: string;
}

/**
 * Reads every row of a database out as text and writes it into a new one, the last row of each table first: what a dump and its
 * restoring do, and rows that lie in another order besides.
 *
 * @param span for which the new database needs partitions
 */
export async function copyDatabase(
  databaseUrl: string,
  span: { readonly from: InstantText; readonly to: InstantText },
): Promise<TestDatabase> {
  const copy = await createTestDatabase();
  await withConnection(databaseUrl, async (source) => {
    await withConnection(copy.databaseUrl, async (target) => {
      await ensureEventPartitions(target, requireInstant(span.from), requireInstant(span.to));
      // Restoring is not using: triggers and foreign keys judge what comes from the application.
      await target.query("set session_replication_role = 'replica'");
      const { rows: tables } = await source.query<Table>(TABLES);
      for (const table of tables) await copyTable(source, target, table);
    });
  });
  return copy;
}

async function copyTable(source: Client, target: Client, { name, columns }: Table): Promise<void> {
  const { rows } = await source.query<{ line: string }>(`select to_jsonb(row)::text as line from ${name} row`);
  await target.query(`truncate ${name} cascade`);
  const lines = rows.map(({ line }) => line).toReversed();
  await target.query(
    `insert into ${name} (${columns}) overriding system value
     select ${columns} from jsonb_populate_recordset(null::${name}, $1::jsonb)`,
    [`[${lines.join(',')}]`],
  );
}
