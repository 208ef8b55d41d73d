import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Client } from 'pg';

import { migrate } from '../../src/ledger/migrate.ts';

const MIGRATIONS_FOLDER = new URL('../../src/ledger/migrations/', import.meta.url);
const TEMPLATE_PREFIX = 'tollkeeper_template_';
const FINGERPRINT_CHARACTERS = 16;

/** The same server, another database. */
export function urlOfDatabase(databaseUrl: string, database: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs statements on a connection of their own. */
export async function withConnection<T>(databaseUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Named after the content of the migrations, so that a stack kept between runs never serves an old schema. */
function templateName(): string {
  const folder = fileURLToPath(MIGRATIONS_FOLDER);
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).toSorted()) {
    hash.update(name).update(readFileSync(`${folder}/${name}`));
  }
  return TEMPLATE_PREFIX + hash.digest('hex').slice(0, FINGERPRINT_CHARACTERS);
}

/**
 * Makes the migrated database that tests clone, unless it is there. It is migrated under another name and renamed when complete, so
 * that a failed migration leaves no half-made template.
 * @returns its name
 */
export async function ensureTemplateDatabase(databaseUrl: string): Promise<string> {
  const template = templateName();
  const unfinished = `tollkeeper_unfinished_${randomUUID().replaceAll('-', '')}`;
  await withConnection(databaseUrl, async (client) => {
    const exists = async (): Promise<boolean> =>
      (await client.query('select 1 from pg_database where datname = $1::name', [template])).rowCount === 1;
    if (await exists()) return;
    await client.query(`create database ${unfinished}`);
    await migrate(urlOfDatabase(databaseUrl, unfinished));
    // Another run may have been faster; then this copy is not needed.
    if (await exists()) await client.query(`drop database ${unfinished}`);
    else await client.query(`alter database ${unfinished} rename to ${template}`);
  });
  return template;
}
