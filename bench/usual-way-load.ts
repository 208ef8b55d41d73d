/**
 * The usual way's application, in a process of its own: per event one transaction that locks the tenant's counter, writes the event
 * and moves the counter. Prepared statements, a fixed pool of connections, and statements sent together where the second does
 * not need the answer of the first, which saves three of five round trips.
 */
import { tenantId } from './catalogue.ts';
import { UsualWayConnection } from './usual-way-connection.ts';
import { BEGIN, COMMIT, EVENT_TYPE, INSERT_EVENT, LOCK_COUNTER, UPDATE_COUNTER } from './usual-way-statements.ts';
import type { UsualWayJob, UsualWayResult } from './usual-way.ts';

const MS_PER_SECOND = 1_000;

interface Progress {
  transactions: number;
}

/** Run once while they are prepared, in a transaction that is taken back. */
function preparation(number: number): { name: string; text: string; values: string[] }[] {
  const values = [tenantId(0), `preparation-${number}`, EVENT_TYPE, '2026-01-01T00:00:00Z', '1', '{}'];
  return [
    { name: 'begin', text: BEGIN, values: [] },
    { name: 'lock', text: LOCK_COUNTER, values: [tenantId(0)] },
    { name: 'insert', text: INSERT_EVENT, values },
    { name: 'update', text: UPDATE_COUNTER, values: [tenantId(0), '0'] },
    { name: 'rollback', text: 'rollback', values: [] },
    // Outside a transaction it only warns.
    { name: 'commit', text: COMMIT, values: [] },
  ];
}

async function runConnection(
  connection: UsualWayConnection,
  job: UsualWayJob,
  number: number,
  endMs: number,
  progress: Progress,
): Promise<void> {
  const sender = String(number).padStart(2, '0');
  for (let turn = 0; performance.now() < endMs; turn += 1) {
    const tenant = tenantId((turn * 31 + number * 7) % job.tenants);
    const tokens = 1_000 + ((turn * 7_919 + number) % 9_000);
    const properties = `{"inputTokens":${tokens},"outputTokens":${tokens % 1_000},"model":"large"}`;
    const id = `${job.idPrefix}-${sender}${String(turn).padStart(7, '0')}-0000`;
    const [counter] = await connection.run([
      { name: 'begin', values: [] },
      { name: 'lock', values: [tenant] },
    ]);
    if (BigInt(counter?.[0] ?? '0') >= BigInt(counter?.[1] ?? '0')) throw new Error('this limit is never reached');
    await connection.run([
      { name: 'insert', values: [tenant, id, EVENT_TYPE, new Date().toISOString(), '1', properties] },
      { name: 'update', values: [tenant, String(tokens)] },
      { name: 'commit', values: [] },
    ]);
    progress.transactions += 1;
  }
}

async function run(job: UsualWayJob): Promise<UsualWayResult> {
  const connections = await Promise.all(
    Array.from({ length: job.connections }, (_, number) =>
      UsualWayConnection.open(job.databaseUrl, preparation(number)),
    ),
  );
  const progress: Progress = { transactions: 0 };
  const startedAt = performance.now();
  const endMs = startedAt + job.seconds * MS_PER_SECOND;
  await Promise.all(connections.map((connection, number) => runConnection(connection, job, number, endMs, progress)));
  const seconds = (performance.now() - startedAt) / MS_PER_SECOND;
  for (const connection of connections) connection.close();
  return { transactions: progress.transactions, seconds };
}

process.on('message', (job: UsualWayJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
