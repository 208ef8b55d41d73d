/**
 * The usual way's application, in a process of its own: per event one transaction that locks the tenant's counter, writes the event and
 * moves the counter. Prepared statements, a fixed pool of connections, and statements sent together where the second does not
 * need the answer of the first, which saves three of five round trips.
 */
import { Client } from 'pg';

import { BEGIN, COMMIT, EVENT_TYPE, INSERT_EVENT, LOCK_COUNTER, UPDATE_COUNTER } from './usual-way-statements.ts';
import type { UsualWayJob, UsualWayResult } from './usual-way.ts';
import { tenantId } from './catalogue.ts';

const MS_PER_SECOND = 1_000;

interface Progress {
  transactions: number;
}

async function runConnection(job: UsualWayJob, number: number, endMs: number, progress: Progress): Promise<void> {
  const client = new Client({ connectionString: job.databaseUrl, pipeline: true } as { connectionString: string });
  await client.connect();
  for (let turn = 0; performance.now() < endMs; turn += 1) {
    const tenant = tenantId((turn * 31 + number * 7) % job.tenants);
    const tokens = 1_000 + ((turn * 7_919 + number) % 9_000);
    const properties = `{"inputTokens":${tokens},"outputTokens":${tokens % 1_000},"model":"large"}`;
    const id = `${job.idPrefix}-${String(number).padStart(2, '0')}${String(turn).padStart(7, '0')}-0000`;
    const [, counter] = await Promise.all([
      client.query({ name: 'begin', text: BEGIN }),
      client.query<{ requests: string; request_limit: string }>({
        name: 'lock',
        text: LOCK_COUNTER,
        values: [tenant],
      }),
    ]);
    const { requests = '0', request_limit: limit = '0' } = counter.rows[0] ?? {};
    if (BigInt(requests) >= BigInt(limit)) throw new Error('the limit of the bench is never reached');
    await Promise.all([
      client.query({
        name: 'insert',
        text: INSERT_EVENT,
        values: [tenant, id, EVENT_TYPE, new Date().toISOString(), 1, properties],
      }),
      client.query({ name: 'update', text: UPDATE_COUNTER, values: [tenant, tokens] }),
      client.query({ name: 'commit', text: COMMIT }),
    ]);
    progress.transactions += 1;
  }
  await client.end();
}

async function run(job: UsualWayJob): Promise<UsualWayResult> {
  const progress: Progress = { transactions: 0 };
  const startedAt = performance.now();
  const endMs = startedAt + job.seconds * MS_PER_SECOND;
  await Promise.all(
    Array.from({ length: job.connections }, (_, number) => runConnection(job, number, endMs, progress)),
  );
  return { transactions: progress.transactions, seconds: (performance.now() - startedAt) / MS_PER_SECOND };
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
