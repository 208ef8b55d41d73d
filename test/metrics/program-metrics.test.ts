import { afterEach, beforeEach, expect, test } from 'vitest';

import { drainOnce } from '../../src/journal/drain-once.ts';
import { createProgramMetrics, type ProgramMetrics } from '../../src/metrics/program-metrics.ts';
import { scrape } from '../../src/metrics/scrape.ts';
import { addMeters, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import { type JournalEvent, REQUESTS } from '../support/journal-entry.ts';
import { type Metrics, readMetrics } from '../support/metrics-text.ts';

let stack: DrainStack;
let metrics: ProgramMetrics;

beforeEach(async () => {
  stack = await createDrainStack();
  await addMeters(stack.pool, [REQUESTS]);
  await stack.pool.query("select ensure_event_partitions('2023-11-01', '2023-12-01')");
  metrics = createProgramMetrics({ program: 'worker', mode: 'test', profile: 'durable', dedupWindowSeconds: 60 });
});
afterEach(async () => stack.close());

function events(...ids: string[]): JournalEvent[] {
  return ids.map((id) => ({ id, at: '2023-11-16T10:00:00Z', readings: [[REQUESTS, '1']] }));
}

async function drain(): Promise<Metrics> {
  await drainOnce({ ...stack, observer: metrics.drainObserver });
  return readMetrics((await scrape(metrics.registry, () => Promise.resolve())).text);
}

test('draining moves the counters by exactly what was written', async () => {
  await stack.append(events('a', 'b', 'c'));
  await stack.append(events('a', 'd'));
  const once = await drain();
  expect(once.value('tollkeeper_drained_rows_total')).toBe(4);
  expect(once.value('tollkeeper_refused_duplicates_total')).toBe(1);
  expect((await drain()).value('tollkeeper_drained_rows_total')).toBe(4);
});

test('poison is counted once, and its neighbours as rows, however the batch was halved', async () => {
  await stack.append([...events('a', 'b', 'c'), { ...events('poison')[0], id: 'nul \u0000 in text' } as JournalEvent]);
  await stack.append(events('d'));
  const drained = await drain();
  expect(drained.value('tollkeeper_dead_letters_total')).toBe(1);
  expect(drained.value('tollkeeper_drained_rows_total')).toBe(4);
});

test('a deadlock is counted as a retry, and the rows once', async () => {
  // A trigger that fails the first transaction as a deadlock would: a sequence keeps its number through the rollback.
  await stack.append(events('a', 'b'));
  const client = await stack.pool.connect();
  try {
    await client.query('set role none');
    await client.query('create sequence deadlocks');
    await client.query('grant usage on sequence deadlocks to tollkeeper_app');
    await client.query(`
create function deadlock_once() returns trigger language plpgsql as $$
begin
  if nextval('deadlocks') = 1 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
  return null;
end
$$`);
    await client.query(
      'create trigger deadlock_once after update or insert on journal_position execute function deadlock_once()',
    );
  } finally {
    client.release(true);
  }
  const drained = await drain();
  expect(drained.value('tollkeeper_retried_conflicts_total')).toBe(1);
  expect(drained.value('tollkeeper_drained_rows_total')).toBe(2);
});

test('a pool shows its connections and who waits for one', async () => {
  metrics.watchPool({ totalCount: 8, idleCount: 3, waitingCount: 2 });
  const shown = await drain();
  expect(shown.value('tollkeeper_postgresql_connections{state="used"}')).toBe(5);
  expect(shown.value('tollkeeper_postgresql_connections{state="idle"}')).toBe(3);
  expect(shown.value('tollkeeper_postgresql_pool_waiting')).toBe(2);
});
