import { prepareInstallation, InstallationMismatchError } from '../catalog/prepare-installation.ts';
import { ConfigError, readConfig } from '../config.ts';
import { inTransaction, openDatabase } from '../ledger/database.ts';
import { migrate } from '../ledger/migrate.ts';
import { setStrictIds } from '../ledger/strict-ids.ts';
import { startFailure } from './dependency-faults.ts';
import { systemClock } from './system-clock.ts';

/** Who is printed on invoices until a catalogue file names the issuer. */
const UNNAMED_ISSUER = { name: 'Unnamed issuer', addressLines: [], taxIds: [] };

const EXIT_BAD_SETTINGS = 2;

/**
 * Brings a database to the newest schema and makes the installation. Run before the API and the worker, as often as one likes;
 * prints one line of JSON, in which the first admin key is shown the one time it is made.
 */
async function prepare(): Promise<void> {
  const config = readConfig(process.env);
  await migrate(config.databaseUrl);
  const pool = openDatabase({ ...config, applicationName: 'tollkeeper-prepare', poolSizeMax: 1 });
  try {
    const { mode, shardCount } = config;
    const prepared = await inTransaction(pool, (client) =>
      prepareInstallation(client, { mode, shardCount, issuer: UNNAMED_ISSUER, atMicros: systemClock() }),
    );
    await setStrictIds(pool, config.strictIds);
    process.stdout.write(`${JSON.stringify(prepared)}\n`);
  } finally {
    await pool.end();
  }
}

try {
  await prepare();
} catch (error) {
  const isSetting = error instanceof ConfigError || error instanceof InstallationMismatchError;
  const text = isSetting ? error.message : `the database cannot be prepared: ${startFailure(error)}`;
  process.stderr.write(`${text}\n`);
  process.exitCode = isSetting ? EXIT_BAD_SETTINGS : 1;
}
