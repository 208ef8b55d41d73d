import type { Fault } from '../fault.ts';

/** Nothing breaks but the senders' order: every event comes one to three times, in no order, from many clients. */
export const shuffledDuplicates: Fault = {
  name: 'duplicates',
  title: '100,000 events, each sent 1 to 3 times, shuffled, by 32 clients',
  rounds: 1,
  load: { events: 100_000, batchSize: 100, senders: 32, timesMax: 3 },
  run: () => Promise.resolve(),
};
