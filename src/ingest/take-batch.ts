import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { EventResult } from '../domain/outcome.ts';
import { contentDigest, derivedId, digestBytes, idDigest } from '../meter/digests.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import { checkBinaryEvent, type BinaryEvent } from './binary-event.ts';
import { checkCloudEvent } from './check-cloud-event.ts';
import { checkEvent, type FormResult } from './check-event.ts';
import type { IngestService } from './ingest-service.ts';
import type { PendingEvent } from './judge-event.ts';
import { readNewerCatalogue } from './newer-catalogue.ts';
import { planGroups, type Plan } from './plan-groups.ts';
import type { BodyForm } from './read-body.ts';
import { withCosts } from './usage-cost.ts';
import { CONFLICT_REASON, clearObstacles, reloadCatalogue, sendParcels } from './send-groups.ts';

/** A readable batch of an authorized sender. */
export interface Batch {
  readonly key: AuthenticatedKey;
  readonly form: BodyForm;
  readonly elements: readonly unknown[];
  readonly idempotencyKey: string | null;
  /** Whether each accepted event is told what it costs. */
  readonly asksForCost?: boolean;
}

/** A round each for missing periods, a void gate, a stale catalogue and a stale gate, and the one that succeeds. */
const ROUNDS_MAX = 5;

/**
 * Answers each element of a batch, in order. Events whose group Redis refused as stale are interpreted again with what was
 * reloaded. Rejects with `MeterUnavailableError` when that does not come to an end, or a store does not answer.
 */
export async function takeBatch(service: IngestService, batch: Batch): Promise<readonly EventResult[]> {
  const answers = Array.from<EventResult | undefined>({ length: batch.elements.length });
  let pending = checkForms(service.catalogue.current(), batch, answers);
  pending = await answerFromLedger(service, batch.key, pending);
  for (let round = 0; round < ROUNDS_MAX && pending.length > 0; round += 1) {
    let plan = planWithCatalogue(service, batch.key, pending, round);
    if (plan.isRefusing && (await readNewerCatalogue(service, plan.judgedBy))) {
      plan = planWithCatalogue(service, batch.key, pending, round);
    }
    const shards = batch.asksForCost === true ? askForCosts(service, plan.shards) : plan.shards;
    const { obstacles, left } = await sendParcels(service, shards);
    await extendPeriods(service, plan);
    if (obstacles.length > 0) await clearObstacles(service, obstacles);
    pending = [...left, ...plan.waiting];
    if (pending.length > 1) pending.sort((one, other) => one.place - other.place);
  }
  if (pending.length > 0) {
    throw new MeterUnavailableError(
      `${pending.length} events could not be taken: the catalogue or a gate keeps changing`,
    );
  }
  const missing = answers.indexOf(undefined);
  if (missing >= 0) throw new Error(`event ${missing} of the batch was given no answer`);
  return answers as EventResult[];
}

function askForCosts({ priceUsage }: IngestService, shards: Plan['shards']): Plan['shards'] {
  if (priceUsage === undefined) return shards;
  return new Map(
    [...shards].map(([shard, parcels]) => [shard, parcels.map((parcel) => withCosts(parcel, priceUsage))]),
  );
}

const CHECKS: Readonly<Record<BodyForm, (element: unknown) => FormResult>> = {
  events: checkEvent,
  cloudevents: checkCloudEvent,
  // The only element of this form, and made by ourselves.
  binary_cloudevent: (element) => checkBinaryEvent(element as BinaryEvent),
};

function checkForms(snapshot: CatalogueSnapshot, batch: Batch, answers: (EventResult | undefined)[]): PendingEvent[] {
  const check = CHECKS[batch.form];
  const pending: PendingEvent[] = [];
  for (let place = 0; place < batch.elements.length; place += 1) {
    const result = check(batch.elements[place]);
    if (result.kind === 'invalid') {
      const { reason, ...where } = result.fault;
      answers[place] = { id: result.id, outcome: 'invalid', reason, ...where };
      continue;
    }
    const { event } = result;
    const id = event.id ?? derivedId(event.tenant, event, batch.idempotencyKey);
    pending.push({
      place,
      answers,
      id,
      ledgerId: event.ledgerId ?? id,
      event,
      idDigest: idDigest(event.tenant, event.identity ?? [id]),
      contentDigest: contentDigest(snapshot.digestSecret, event),
    });
  }
  return pending;
}

/** History may be older than what Redis remembers, so for keys that may backfill the ledger answers for known ids first. */
async function answerFromLedger(
  service: IngestService,
  key: AuthenticatedKey,
  pending: PendingEvent[],
): Promise<PendingEvent[]> {
  if (!key.scopes.includes('ingest:backfill') || pending.length === 0) return pending;
  const visible = ({ event }: PendingEvent): boolean => key.tenant === null || key.tenant === event.tenant;
  const asked = pending.filter(visible);
  const known = await askKnownIds(service, asked);
  const digests = new Map(asked.map((one, index) => [one.place, known[index]]));
  return pending.filter((one) => {
    const digest = digests.get(one.place);
    if (digest === undefined) return true;
    const isSame = digest.equals(digestBytes(one.contentDigest));
    one.answers[one.place] = isSame
      ? { id: one.id, outcome: 'duplicate' }
      : { id: one.event.id, outcome: 'conflict', reason: CONFLICT_REASON };
    return false;
  });
}

async function askKnownIds(
  service: IngestService,
  asked: readonly PendingEvent[],
): Promise<readonly (Buffer | undefined)[]> {
  try {
    return await service.knownIds(
      asked.map(({ event, idDigest: digest }) => ({
        tenant: event.tenant,
        occurredAtMicros: event.occurredAtMicros,
        idDigest: digestBytes(digest),
      })),
    );
  } catch (error) {
    throw new MeterUnavailableError('PostgreSQL does not answer: known ids could not be looked up', {
      dependency: 'postgresql',
      cause: error,
    });
  }
}

function planWithCatalogue(
  service: IngestService,
  key: AuthenticatedKey,
  pending: readonly PendingEvent[],
  round: number,
): Plan {
  const { periods, unknownTypes = 'refuse' } = service;
  const context = { snapshot: service.catalogue.current(), key, nowMicros: service.clock(), periods, unknownTypes };
  const plan = planGroups(context, pending, service.shards);
  if (round > 1 && plan.waiting.length > 0) {
    const tenants = [...plan.extensions.keys()].join(', ');
    throw new MeterUnavailableError(`the periods of ${tenants} could not be made ahead of these events`);
  }
  return plan;
}

/** Periods and partitions are made ahead by the worker; ingest does not depend on it being up. */
export async function extendPeriods(service: IngestService, { extensions }: Pick<Plan, 'extensions'>): Promise<void> {
  if (extensions.size === 0) return;
  try {
    for (const [tenant, throughMicros] of extensions) await service.extendPeriods(tenant, throughMicros);
  } catch (error) {
    throw new MeterUnavailableError('PostgreSQL could not make the next billing periods', {
      dependency: 'postgresql',
      cause: error,
    });
  }
  await reloadCatalogue(service);
}
