import type { IngestDeps, IngestService } from './ingest-service.ts';
import { PeriodFinder } from './period-finder.ts';
import { RefusalCounts } from './refusal-counts.ts';
import { settleGroup } from './send-groups.ts';
import { ShardFinder } from './shard-finder.ts';
import { ShardQueue } from './shard-queue.ts';
import { ThresholdWalk } from './threshold-walk.ts';

/** Makes the station. One per process. */
export function createIngestService(deps: IngestDeps): IngestService {
  const queues = new Map<number, ShardQueue>();
  const service: IngestService = {
    ...deps,
    periods: new PeriodFinder(),
    refusals: new RefusalCounts(),
    thresholds: new ThresholdWalk(deps.onThreshold),
    shards: new ShardFinder(deps.meter.shardCount),
    queues: {
      of(shard) {
        let queue = queues.get(shard);
        if (queue === undefined) {
          queue = new ShardQueue({ meter: deps.meter, shard, onApplied: (applied) => settleGroup(service, applied) });
          queues.set(shard, queue);
        }
        return queue;
      },
    },
  };
  return service;
}
