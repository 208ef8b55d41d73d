import type { InstantText } from '../domain/instant.ts';
import { gateKey, shardKey, shardOf, usageKey } from './keys.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import { askRedis } from './redis-connection.ts';
import type { GroupAnswer } from './usage-group.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';

/** A stale epoch costs a call, and it does not change twice within a request unless Redis is unwell. */
const CALLS_MAX = 3;

/** Which counters of one tenant's accounting period are asked for, and the versions the question rests on. */
export interface LimitQuestion {
  readonly tenant: string;
  readonly catalogueVersion: number;
  readonly gateVersion: number;
  readonly accountingStart: InstantText;
  /** Keys of limited meters, at least one. */
  readonly meters: readonly string[];
}

/** The answer to a question. Anything but `read` means that the question must be asked again on newer ground. */
export type LimitReading =
  | {
      readonly kind: 'read';
      /** By meter: the scaled total or maximum as text. */
      readonly totals: ReadonlyMap<string, string>;
    }
  | Exclude<GroupAnswer, { kind: 'applied' }>;

/**
 * Reads limited counters in one step, under the same versions that `recordUsage` compares, so that what is said of a limit is
 * what the next event would meet. Writes nothing. Rejects with `MeterUnavailableError` when Redis or the ledger does not answer.
 */
export async function readLimits(meter: UsageMeter, question: LimitQuestion): Promise<LimitReading> {
  const { tenant, catalogueVersion, gateVersion, accountingStart, meters } = question;
  const shard = shardOf(tenant, meter.shardCount);
  const keys = [shardKey(shard), gateKey(shard, tenant), usageKey(shard, tenant, accountingStart)];
  const versions = [String(catalogueVersion), String(gateVersion)];
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const epoch = await verifiedEpoch(meter, shard);
    const [word, ...rest] = await askRedis(() =>
      meter.redis.readLimits(keys.length, ...keys, String(epoch), ...versions, ...meters),
    );
    switch (word) {
      case 'read':
        return { kind: 'read', totals: new Map(meters.map((key, index) => [key, rest[index] ?? '0'])) };
      case 'stale:catalogue':
        return { kind: 'stale_catalogue' };
      case 'stale:gate':
        return { kind: 'stale_gate', tenant, gateVersion: Number(rest[0]) };
      case 'void:gate':
        return { kind: 'void_gate', tenants: [tenant] };
      default:
        forgetEpoch(meter, shard);
    }
  }
  throw new MeterUnavailableError(`shard ${shard} did not come to rest within ${CALLS_MAX} calls`);
}
