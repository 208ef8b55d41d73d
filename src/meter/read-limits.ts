import type { InstantText } from '../domain/instant.ts';
import type { LimitWindow } from '../domain/plan.ts';
import { askLimits } from './ask-limits.ts';
import { boundField, boundKey, gateKey, heldField, shardOf, WINDOW_MS } from './keys.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import { giveBackDue } from './settle-holds.ts';
import type { GroupAnswer, GroupBound } from './usage-group.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';
import { voidGate } from './void-gate.ts';

/** A stale epoch and holds that have run out cost a call, and neither happens twice within a request unless Redis is unwell. */
const CALLS_MAX = 4;

/** Which counters of one tenant's accounting period are asked for, and the versions the question rests on. */
export interface LimitQuestion {
  readonly tenant: string;
  readonly catalogueVersion: number;
  readonly gateVersion: number;
  /** By which dimensions the counters must be kept (`countedByName`). */
  readonly countedBy: string;
  readonly accountingStart: InstantText;
  /** The counters of bounds. Where there are none, the answer says whether that is still so. */
  readonly counters: readonly BoundCounter[];
}

/** The counter that a bound is on. */
export interface BoundCounter extends Pick<GroupBound, 'window' | 'valueDigest'> {
  /** The meter's key. */
  readonly meter: string;
}

/** The answer to a question. Anything but `read` means that the question must be asked again on newer ground. */
export type LimitReading =
  | {
      readonly kind: 'read';
      /** The scaled total or maximum as text, in the order of the counters asked for. */
      readonly totals: readonly string[];
      /** What holds take of the same counters. */
      readonly held: readonly string[];
      /** By the clock of Redis, in milliseconds. */
      readonly atMs: number;
    }
  | Exclude<GroupAnswer, { kind: 'applied' }>;

type LimitsRead = Extract<LimitReading, { kind: 'read' }>;

/**
 * Reads limited counters in one step, under the same versions that `recordUsage` compares, so that what is said of a limit is
 * what the next event would meet. Writes nothing. Rejects with `MeterUnavailableError` when Redis or the ledger does not answer.
 */
export async function readLimits(meter: UsageMeter, question: LimitQuestion): Promise<LimitReading> {
  const { tenant, catalogueVersion, gateVersion, accountingStart } = question;
  const shard = shardOf(tenant, meter.shardCount);
  const counters = placeCounters(question.counters, (window) => boundKey(shard, tenant, { window, accountingStart }));
  const versions = [String(catalogueVersion), String(gateVersion), question.countedBy];
  const packed = {
    keys: [gateKey(shard, tenant), ...counters.keys],
    arguments: [...versions, ...counters.arguments],
  };
  let mayBeDue = true;
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const epoch = await verifiedEpoch(meter, shard);
    const { atMs, words } = await askLimits(meter, shard, { epoch, question: packed });
    const [word, ...rest] = words;
    switch (word) {
      case 'read': {
        const read = readTotals(atMs, rest, counters.places);
        const isHeld = read.held.some((text) => text !== '0');
        if (!isHeld || !mayBeDue) return read;
        // What has run out and nobody gave back yet is not held any more.
        mayBeDue = false;
        if ((await giveBackDue(meter, tenant)) === 0) return read;
        break;
      }
      case 'stale:catalogue':
        return { kind: 'stale_catalogue' };
      case 'stale:gate':
        return { kind: 'stale_gate', tenant, gateVersion: Number(rest[0]) };
      case 'stale:counters':
        return { kind: 'stale_counters', tenants: [tenant] };
      case 'void:counters':
        await voidGate(meter, tenant);
        return { kind: 'void_gate', tenants: [tenant] };
      case 'void:gate':
        return { kind: 'void_gate', tenants: [tenant] };
      default:
        forgetEpoch(meter, shard);
    }
  }
  throw new MeterUnavailableError(`shard ${shard} did not come to rest within ${CALLS_MAX} calls`);
}

/** @param places where each total is; what is held of it stands behind it */
function readTotals(atMs: string, texts: readonly string[], places: readonly number[]): LimitsRead {
  return {
    kind: 'read',
    atMs: Number(atMs),
    totals: places.map((place) => texts[place] ?? '0'),
    held: places.map((place) => texts[place + 1] ?? '0'),
  };
}

/** Counters grouped by the hash they live in: the arguments are, per hash, its window in milliseconds, the number of fields, the fields. */
function placeCounters(
  counters: readonly BoundCounter[],
  keyOf: (window: LimitWindow) => string,
): { readonly keys: string[]; readonly arguments: string[]; readonly places: readonly number[] } {
  const byWindow = Map.groupBy(counters, ({ window }) => window);
  const places = new Map<BoundCounter, number>();
  const packed: string[] = [];
  for (const [window, some] of byWindow) {
    const fields = some.map(boundField);
    packed.push(String(WINDOW_MS[window]), String(some.length * 2), ...fields.flatMap((one) => [one, heldField(one)]));
    for (const counter of some) places.set(counter, places.size * 2);
  }
  return {
    keys: [...byWindow.keys()].map(keyOf),
    arguments: packed,
    places: counters.map((one) => places.get(one) ?? 0),
  };
}
