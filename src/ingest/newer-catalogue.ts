import { readHeldCatalogue } from '../meter/restored-ledger.ts';
import { forgetEpoch, verifiedEpoch } from '../meter/verify-incarnation.ts';
import type { IngestService } from './ingest-service.ts';
import { clearObstacles } from './send-groups.ts';

/**
 * Looks whether there is a newer catalogue than the one by which something was just refused, and reads it. Another process may know
 * already what this one does not: an event that it took, and whose answer was lost, must not be told here that nobody knows its
 * tenant. Whoever takes an event tells Redis the catalogue it judged by, and whoever changes the catalogue tells it too, so Redis is
 * asked: refusals cost the database nothing, however many there are.
 *
 * Rejects with `MeterUnavailableError` when a store does not answer: what is not known cannot be refused then.
 *
 * @param judgedBy the catalogue version that the refusal rests on
 * @returns whether what was refused must be judged again
 */
export async function readNewerCatalogue(service: IngestService, judgedBy: number): Promise<boolean> {
  let held = await readHeldCatalogue(service.meter);
  if (held.every((version) => version === 0)) {
    // Redis has lost everything, this with it: the epoch that begins brings the version from the ledger.
    forgetEpoch(service.meter, 0);
    await verifiedEpoch(service.meter, 0);
    held = await readHeldCatalogue(service.meter);
  }
  if (held.some((version) => version > service.catalogue.current().version)) {
    await clearObstacles(service, [{ kind: 'stale_catalogue' }]);
  }
  return service.catalogue.current().version > judgedBy;
}
