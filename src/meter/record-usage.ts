import { giveBackDue } from './settle-holds.ts';
import { HoldReleasedError, MeterUnavailableError } from './meter-errors.ts';
import { packGroup } from './pack-group.ts';
import { askRedis } from './redis-connection.ts';
import type { EventStatus, GroupAnswer, UsageGroup } from './usage-group.ts';
import { shardState, type UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';

/** Calls per group: each stale epoch or bucket costs one, and neither changes twice within a request unless Redis is unwell. */
const CALLS_MAX = 4;

/** A bucket of ids ends by time or by this size: 90 bytes an id are about 450 MB. */
const BUCKET_IDS_MAX = 5_000_000;

/** Past this many events that were not drained, nothing more is taken: the drain is down for long, and memory is finite. */
export const JOURNAL_EVENTS_MAX = 5_000_000;

const JOURNAL_FULL_RETRY_SECONDS = 5;
const MEMORY_FULL_RETRY_SECONDS = 5;

/**
 * Records a group in one atomic step, or says why it was not applied. A changed epoch or id bucket is looked up and tried again
 * here; versions are the caller's. Rejects with `MeterUnavailableError` when Redis did not answer (then the outcome is unknown)
 * or refuses to write.
 */
export async function recordUsage(meter: UsageMeter, group: UsageGroup): Promise<GroupAnswer> {
  const state = shardState(meter, group.shard);
  refuseWhenFull(meter);
  let asksForDue = true;
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const epoch = await verifiedEpoch(meter, group.shard);
    const packed = packGroup(group, {
      epoch,
      bucket: state.bucket,
      windowMs: meter.dedupWindowSeconds * 1_000,
      bucketIdsMax: BUCKET_IDS_MAX,
      journalEventsMax: JOURNAL_EVENTS_MAX,
      asksForDue,
    });
    const ended = meter.observer?.scriptSent();
    const reply = await askRedis(() =>
      meter.redis.recordUsage(packed.keys.length, ...packed.keys, ...packed.arguments),
    ).finally(ended);
    if (reply[0] === 'applied') {
      const answer = readApplied(group, reply, { epoch, toldCounters: packed.toldCounters });
      if (isTaken(answer)) rememberAnswered(state, answer);
      return answer;
    }
    if (reply[0] === 'stale:bucket') state.bucket = Number(reply[1]);
    else if (reply[0] === 'epoch') forgetEpoch(meter, group.shard);
    else if (reply[0] === 'due:holds') {
      for (const number of reply.slice(1)) await giveBackDue(meter, tenantAt(group, number));
      // Whatever runs out from here on counts as held for this call.
      asksForDue = false;
    } else return readRefusal(group, reply);
  }
  throw new MeterUnavailableError(`shard ${group.shard} did not come to rest within ${CALLS_MAX} calls`);
}

/**
 * Refuses what would take more of a Redis that is nearly full: it would refuse too, but only when it also refuses what makes room again.
 *
 * @throws MeterUnavailableError
 */
export function refuseWhenFull({ memory }: UsageMeter): void {
  if (!memory.isFull) return;
  throw new MeterUnavailableError(
    `Redis holds ${memory.usedBytes} of ${memory.maxBytes} bytes, too much to take more: is a worker running?`,
    { retryAfterSeconds: MEMORY_FULL_RETRY_SECONDS },
  );
}

type Applied = Extract<GroupAnswer, { kind: 'applied' }>;

/** A sender who is told `duplicate` relies on the event as well, though perhaps nobody heard when it was accepted. */
function isTaken({ statuses }: Applied): boolean {
  return statuses.includes('A') || statuses.includes('D');
}

function rememberAnswered(state: ReturnType<typeof shardState>, { epoch, sequence }: Applied): void {
  const { answered } = state;
  // Replies of one connection arrive in order, but those of an older epoch must not hide a newer position.
  const isNewer =
    answered === undefined || epoch > answered.epoch || (epoch === answered.epoch && sequence > answered.sequence);
  if (isNewer) state.answered = { epoch, sequence };
}

function readApplied(
  group: UsageGroup,
  reply: readonly (string | number)[],
  context: { readonly epoch: number; readonly toldCounters: readonly string[] },
): Applied {
  const [, statuses = '', sequence = 0, dirty = '', atMs = 0, ...totals] = reply;
  return {
    kind: 'applied',
    statuses: String(statuses).split('') as EventStatus[],
    totals: new Map(context.toldCounters.map((name, index) => [name, String(totals[index] ?? '0')])),
    newlyDirty:
      dirty === ''
        ? []
        : String(dirty)
            .split(',')
            .map((number) => tenantAt(group, number)),
    atMs: Number(atMs),
    epoch: context.epoch,
    sequence: Number(sequence),
  };
}

function readRefusal(group: UsageGroup, reply: readonly (string | number)[]): GroupAnswer {
  const [word, ...rest] = reply;
  switch (word) {
    case 'stale:catalogue':
      return { kind: 'stale_catalogue' };
    case 'stale:gate':
      return { kind: 'stale_gate', tenant: tenantAt(group, rest[0]), gateVersion: Number(rest[1]) };
    case 'void:gate':
      return { kind: 'void_gate', tenants: rest.map((number) => tenantAt(group, number)) };
    case 'stale:counters':
      return { kind: 'stale_counters', tenants: rest.map((number) => tenantAt(group, number)) };
    case 'released':
      throw new HoldReleasedError(`the hold ${group.settles?.name ?? ''} was released: nothing can be committed of it`);
    case 'full':
      throw new MeterUnavailableError(
        `the journal of shard ${group.shard} holds ${JOURNAL_EVENTS_MAX} events that are not in the ledger yet: is a worker running?`,
        { retryAfterSeconds: JOURNAL_FULL_RETRY_SECONDS },
      );
    default:
      throw new MeterUnavailableError(`recordUsage answered ${JSON.stringify(word)}, which this version does not know`);
  }
}

/** Lua counts from 1. */
function tenantAt(group: UsageGroup, number: string | number | undefined): string {
  const tenant = group.tenants[Number(number) - 1];
  if (tenant === undefined)
    throw new RangeError(`recordUsage names tenant ${String(number)} of ${group.tenants.length}`);
  return tenant.id;
}
