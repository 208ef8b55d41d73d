import type { EventResult, Outcome } from '../domain/outcome.ts';
import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import { advanceGate } from '../meter/advance-gate.ts';
import { rebuildTenant } from '../meter/rebuild-tenant.ts';
import type { EventStatus } from '../meter/usage-group.ts';
import type { Obstacle, ParcelOutcome } from './parcel-outcome.ts';
import { countedByOf } from './bounds.ts';
import { reloadBehindRedis } from './restored-ledger.ts';
import type { IngestService } from './ingest-service.ts';
import { isUnmetered, type PendingEvent } from './judge-event.ts';
import { LimitWalk } from './limit-walk.ts';
import type { AppliedGroup, Parcel, Plan, PlannedGroup } from './plan-groups.ts';

/**
 * Sends what one request has for the shards: the shards side by side, its parcels for one shard one after the other. What follows
 * an obstacle waits too, or a later event could take an id or a limit before an earlier one.
 */
export async function sendParcels(service: IngestService, shards: Plan['shards']): Promise<ParcelOutcome> {
  const obstacles: Obstacle[] = [];
  const left: PendingEvent[] = [];
  const sendInOrder = async (shard: number, parcels: readonly Parcel[]): Promise<void> => {
    let isBlocked = false;
    for (const parcel of parcels) {
      const outcome: ParcelOutcome = isBlocked ? unsent(parcel) : await service.queues.of(shard).send(parcel);
      isBlocked = outcome.left.length > 0;
      obstacles.push(...outcome.obstacles);
      left.push(...outcome.left);
    }
  };
  await Promise.all([...shards].map(([shard, parcels]) => sendInOrder(shard, parcels)));
  return { obstacles, left };
}

function unsent(parcel: Parcel): ParcelOutcome {
  return { obstacles: [], left: parcel.events.map(({ pending }) => pending) };
}

/** Writes the answers of an applied call, counts what it refused, and tells whose usage is new. */
export function settleGroup(service: IngestService, { planned, answer }: AppliedGroup): void {
  readAnswer(planned, answer);
  countRefusals(service, planned, answer.statuses);
  for (const tenant of answer.newlyDirty) service.onNewUsage(tenant);
  service.thresholds.follow({ planned, answer });
}

/** The script's letters in the words of the answer. */
export const OUTCOMES: Readonly<Record<EventStatus, Outcome>> = {
  A: 'accepted',
  D: 'duplicate',
  C: 'conflict',
  L: 'limit_exceeded',
  E: 'too_early',
  T: 'too_late',
  X: 'tenant_closed',
};

/** What the sender of a conflicting event is told. */
export const CONFLICT_REASON = 'the id was taken by an event of other content: send new usage under a new id';

const UNMETERED_REASON = 'no meter takes events of this type: it is kept and counts nothing';

const REASONS: Readonly<Partial<Record<EventStatus, string>>> = {
  C: CONFLICT_REASON,
  L: 'it would pass a limit of the plan, so it was not counted',
};

function readAnswer(planned: PlannedGroup, answer: AppliedGroup['answer']): void {
  const { statuses } = answer;
  const walk = answer.totals.size === 0 ? undefined : new LimitWalk(planned, acceptedPlaces(answer), answer);
  planned.events.forEach((event, index) => {
    const status = statuses[index] ?? 'L';
    const limits = status === 'A' || status === 'L' ? walk?.after(event, status === 'A') : undefined;
    const isKept = status === 'A' && isUnmetered(event.judgement);
    answerEvent(event.pending, status, { reason: isKept ? UNMETERED_REASON : REASONS[status], limits, isKept });
  });
  planned.refused.forEach(({ pending, judgement }, index) => {
    const status = statuses[planned.events.length + index] ?? judgement.verdict;
    const isForbidden = status === judgement.verdict;
    answerEvent(pending, status, { reason: isForbidden ? judgement.reason : REASONS[status], limits: undefined });
  });
}

function acceptedPlaces({ statuses }: AppliedGroup['answer']): Set<number> {
  const places = new Set<number>();
  statuses.forEach((status, place) => {
    if (status === 'A') places.add(place);
  });
  return places;
}

/** What an answer says beside its outcome. */
interface Remarks {
  readonly reason: string | undefined;
  readonly limits: EventResult['limits'] | undefined;
  /** It is in the books, and no meter takes its type. */
  readonly isKept?: boolean;
}

function answerEvent(pending: PendingEvent, status: EventStatus, { reason, limits, isKept = false }: Remarks): void {
  const outcome = isKept ? 'unmetered' : OUTCOMES[status];
  const result: EventResult = { id: answeredId(pending, status), outcome };
  const isPlain = reason === undefined && limits === undefined;
  pending.answers[pending.place] = isPlain
    ? result
    : { ...result, ...(reason !== undefined && { reason }), ...(limits !== undefined && { limits }) };
}

/**
 * Counts what was turned away: usage over a limit, out of its time, or of a tenant that is closed. A conflict is not counted, since
 * its id is in the books with the usage that came first.
 */
const COUNTED: ReadonlySet<EventStatus> = new Set(['L', 'E', 'T', 'X']);

function countRefusals(service: IngestService, planned: PlannedGroup, statuses: readonly EventStatus[]): void {
  // Nearly all calls refuse nothing: seen at a glance.
  if (statuses.every((status) => !COUNTED.has(status))) return;
  for (const [index, { judgement }] of [...planned.events, ...planned.refused].entries()) {
    const status = statuses[index];
    if (status === undefined || !COUNTED.has(status)) continue;
    const { entry, readings } = judgement;
    const { id: tenant, timeZone } = entry.tenant;
    const arrivedMicros = service.clock();
    service.refusals.add({ tenant, timeZone, arrivedMicros, reason: OUTCOMES[status], readings });
  }
}

/** A derived id is told only of events that are in the books; a refused one has left nothing behind. */
function answeredId(pending: PendingEvent, status: EventStatus): string | null {
  return status === 'A' || status === 'D' ? pending.id : pending.event.id;
}

/** Rebuilds of one request that run side by side: each drains and reads the ledger. */
const REBUILDS_AT_ONCE_MAX = 4;

/**
 * Clears the way for groups that were not applied: a newer catalogue is read, a gate that Redis does not have yet is moved, a
 * void one is rebuilt. Whether that was enough shows when they are sent again.
 */
export async function clearObstacles(service: IngestService, obstacles: readonly Obstacle[]): Promise<void> {
  const voidTenants = obstacles.flatMap((obstacle) => (obstacle.kind === 'void_gate' ? obstacle.tenants : []));
  for (let start = 0; start < voidTenants.length; start += REBUILDS_AT_ONCE_MAX) {
    const some = voidTenants.slice(start, start + REBUILDS_AT_ONCE_MAX);
    await Promise.all(some.map((tenant) => rebuildTenant(service.meter, tenant)));
  }
  const snapshot = await reloadBehindRedis(service, obstacles, reloadCatalogue);
  for (const obstacle of obstacles) {
    if (obstacle.kind === 'stale_counters') await recount(service, snapshot, obstacle.tenants);
    if (obstacle.kind !== 'stale_gate') continue;
    const gate = snapshot.tenants.get(obstacle.tenant)?.gate;
    // PostgreSQL has sealed a period and Redis does not know yet: any reader may pass it on.
    if (gate !== undefined && gate.version > obstacle.gateVersion) {
      const { version, sealedThroughMicros } = gate;
      await advanceGate(service.meter, obstacle.tenant, { version, sealedMicros: sealedThroughMicros });
    }
  }
}

/** A limit on a dimension has come or gone: the counters are made again from the ledger, by what is counted now. */
async function recount(service: IngestService, snapshot: CatalogueSnapshot, tenants: readonly string[]): Promise<void> {
  for (const tenant of tenants) {
    const entry = snapshot.tenants.get(tenant);
    if (entry !== undefined) await rebuildTenant(service.meter, tenant, { countedBy: countedByOf(entry) });
  }
}

/** Reads the catalogue again; when the database does not answer, the request is a 503. */
export async function reloadCatalogue(service: IngestService): ReturnType<IngestService['catalogue']['reload']> {
  try {
    return await service.catalogue.reload();
  } catch (error) {
    throw new MeterUnavailableError('PostgreSQL does not answer: the catalogue could not be read again', {
      dependency: 'postgresql',
      cause: error,
    });
  }
}
