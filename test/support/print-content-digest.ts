/** A process of its own that gathers the usage of `test/activities/same-content.test.ts` from a database, rates it and prints the digest. */
import { openDatabase } from '../../src/ledger/database.ts';
import { digestOfPeriod } from '../activities/rated-period.ts';

const databaseUrl = process.argv[2];
if (databaseUrl === undefined) throw new Error('give the address of a database');
const pool = openDatabase({ databaseUrl, applicationName: 'test', poolSizeMax: 2 });
try {
  console.log(await digestOfPeriod(pool));
} finally {
  await pool.end();
}
