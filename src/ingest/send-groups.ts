import type { EventResult, Outcome } from '../domain/outcome.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import { advanceGate } from '../meter/advance-gate.ts';
import { rebuildTenant } from '../meter/rebuild-tenant.ts';
import { recordUsage } from '../meter/record-usage.ts';
import type { EventStatus, GroupAnswer } from '../meter/usage-group.ts';
import { reloadBehindRedis } from './restored-ledger.ts';
import type { IngestService } from './ingest-service.ts';
import type { PendingEvent } from './judge-event.ts';
import { LimitWalk } from './limit-walk.ts';
import type { PlannedGroup } from './plan-groups.ts';

/** Why a group was not applied. */
export type Obstacle = Exclude<GroupAnswer, { kind: 'applied' }>;

/** What came of the groups of one round. */
export interface Sent {
  readonly results: ReadonlyMap<number, EventResult>;
  readonly obstacles: readonly Obstacle[];
  /** Events that were not taken because of an obstacle, in the order of the request. */
  readonly left: readonly PendingEvent[];
}

/** Sends all groups: shards side by side, the groups of one shard one after the other. */
export async function sendGroups(service: IngestService, shards: readonly (readonly PlannedGroup[])[]): Promise<Sent> {
  const results = new Map<number, EventResult>();
  const obstacles: Obstacle[] = [];
  const left: PendingEvent[] = [];
  await Promise.all(
    shards.map(async (groups) => {
      let isBlocked = false;
      for (const planned of groups) {
        const answer = isBlocked ? undefined : await recordUsage(service.meter, planned.group);
        if (answer?.kind === 'applied') {
          readAnswer(planned, answer, results);
          countRefusals(service, planned, answer.statuses);
          for (const tenant of answer.newlyDirty) service.onNewUsage(tenant);
          continue;
        }
        if (answer !== undefined) obstacles.push(answer);
        // What follows in this shard waits too, or a later event could take an id or a limit before an earlier one.
        isBlocked = true;
        left.push(...[...planned.events, ...planned.refused].map(({ pending }) => pending));
      }
    }),
  );
  return { results, obstacles, left: left.toSorted((one, other) => one.place - other.place) };
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

const REASONS: Readonly<Partial<Record<EventStatus, string>>> = {
  C: CONFLICT_REASON,
  L: 'it would pass a limit of the plan, so it was not counted',
};

function readAnswer(
  planned: PlannedGroup,
  answer: Extract<GroupAnswer, { kind: 'applied' }>,
  results: Map<number, EventResult>,
): void {
  const { statuses } = answer;
  const accepted = new Set(planned.events.flatMap((_event, index) => (statuses[index] === 'A' ? [index] : [])));
  const walk = answer.totals.size === 0 ? undefined : new LimitWalk(planned, accepted, answer);
  planned.events.forEach((event, index) => {
    const status = statuses[index] ?? 'L';
    const limits = status === 'A' || status === 'L' ? walk?.after(event, status === 'A') : undefined;
    const reason = REASONS[status];
    results.set(event.pending.place, {
      id: answeredId(event.pending, status),
      outcome: OUTCOMES[status],
      ...(reason !== undefined && { reason }),
      ...(limits !== undefined && { limits }),
    });
  });
  planned.refused.forEach(({ pending, judgement }, index) => {
    const status = statuses[planned.events.length + index] ?? judgement.verdict;
    const isForbidden = status === judgement.verdict;
    const reason = isForbidden ? judgement.reason : REASONS[status];
    results.set(pending.place, {
      id: answeredId(pending, status),
      outcome: OUTCOMES[status],
      ...(reason !== undefined && { reason }),
    });
  });
}

/**
 * Counts what was turned away: usage over a limit, out of its time, or of a tenant that is closed. A conflict is not counted, since
 * its id is in the books with the usage that came first.
 */
const COUNTED: ReadonlySet<EventStatus> = new Set(['L', 'E', 'T', 'X']);

function countRefusals(service: IngestService, planned: PlannedGroup, statuses: readonly EventStatus[]): void {
  if (!statuses.some((status) => COUNTED.has(status))) return;
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
    if (obstacle.kind !== 'stale_gate') continue;
    const gate = snapshot.tenants.get(obstacle.tenant)?.gate;
    // PostgreSQL has sealed a period and Redis does not know yet: any reader may pass it on.
    if (gate !== undefined && gate.version > obstacle.gateVersion) {
      const { version, sealedThroughMicros } = gate;
      await advanceGate(service.meter, obstacle.tenant, { version, sealedMicros: sealedThroughMicros });
    }
  }
}

/** Reads the catalogue again; when the database does not answer, the request is a 503. */
export async function reloadCatalogue(service: IngestService): ReturnType<IngestService['catalogue']['reload']> {
  try {
    return await service.catalogue.reload();
  } catch (error) {
    throw new MeterUnavailableError('PostgreSQL does not answer: the catalogue could not be read again', {
      cause: error,
    });
  }
}
