import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import { shardOf } from '../meter/keys.ts';
import { closeForRestoredLedger, readHeldCatalogue } from '../meter/restored-ledger.ts';
import type { GroupAnswer } from '../meter/usage-group.ts';
import type { IngestService } from './ingest-service.ts';

/**
 * Reads the catalogue again. Redis is told of gates and catalogues only after they were committed: where it remembers a newer one
 * than the ledger has afterwards, the ledger was restored from a backup. The shard then gets a new epoch, in which the ledger's
 * versions hold again; without it the groups would be stale for ever.
 */
export async function reloadBehindRedis(
  service: IngestService,
  obstacles: readonly GroupAnswer[],
  reload: (service: IngestService) => Promise<CatalogueSnapshot>,
): Promise<CatalogueSnapshot> {
  const { meter } = service;
  const isCatalogueStale = obstacles.some(({ kind }) => kind === 'stale_catalogue');
  const held = isCatalogueStale ? await readHeldCatalogue(meter) : [];
  const snapshot = await reload(service);
  for (const [shard, version] of held.entries()) {
    if (version <= snapshot.version) continue;
    await closeForRestoredLedger(meter, shard, { catalogueInRedis: version, catalogueInLedger: snapshot.version });
  }
  for (const obstacle of obstacles) {
    if (obstacle.kind !== 'stale_gate') continue;
    const version = snapshot.tenants.get(obstacle.tenant)?.gate?.version;
    if (version === undefined || version >= obstacle.gateVersion) continue;
    const details = { gateInRedis: obstacle.gateVersion, gateInLedger: version };
    await closeForRestoredLedger(meter, shardOf(obstacle.tenant, meter.shardCount), details);
  }
  return snapshot;
}
