import type { EpochMicros, InstantText } from '../domain/instant.ts';
import type { ScaledQuantity } from '../domain/quantity.ts';
import { HOLD_SECONDS_MAX, OPEN_HOLDS_MAX } from './hold-bounds.ts';
import { boundField, boundKey, gateKey, holdKey, holdsKey, shardKey, shardOf, WINDOW_MS } from './keys.ts';
import { packHeader } from './message-pack.ts';
import { refuseWhenFull } from './record-usage.ts';
import { MeterUnavailableError } from './meter-errors.ts';
import { askRedis } from './redis-connection.ts';
import { giveBackDue, type HoldState } from './settle-holds.ts';
import type { GroupAnswer, GroupBound } from './usage-group.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch, verifiedEpoch } from './verify-incarnation.ts';

/** A stale epoch and holds that have run out cost a call each. */
const CALLS_MAX = 4;

/** Units of one meter to be held for a tenant, and the versions that the question rests on. */
export interface UnitsQuestion {
  readonly tenant: string;
  /** `holdName`. */
  readonly name: string;
  /** Digest of all that is asked for, in hex: the same name with another one is a conflict. */
  readonly content: string;
  readonly ttlMs: number;
  /** When it is asked, by the service's clock: told again to whoever repeats the question. */
  readonly atMicros: EpochMicros;
  readonly catalogueVersion: number;
  readonly gateVersion: number;
  /** By which dimensions the counters must be kept (`countedByName`). */
  readonly countedBy: string;
  readonly accountingStart: InstantText;
  /** The key of the meter. */
  readonly meter: string;
  readonly scaled: ScaledQuantity;
  /** All bounds on it; the meter's own counter of the period takes the hold also where none is on it. */
  readonly bounds: readonly GroupBound[];
}

/** What a bounded counter holds, scaled, as text. */
export interface HeldCounter {
  readonly total: string;
  readonly held: string;
}

/** The answer. Of those kinds that `recordUsage` has too, the question must be asked again on newer ground. */
export type UnitsAnswer =
  | {
      /** `held` now; `known`: by an earlier call of the same; `refused` by a hard bound; `crowded`: too many holds are open. */
      readonly kind: 'held' | 'known' | 'refused' | 'crowded';
      /** Of `held` and `known`. */
      readonly hold?: {
        readonly state: HoldState;
        readonly atMicros: EpochMicros;
        readonly expiresMs: number;
        readonly committedQuantity: string | null;
      };
      /** In the order of the bounds. */
      readonly counters: readonly HeldCounter[];
      /** By the clock of Redis, in milliseconds. */
      readonly atMs: number;
    }
  | { readonly kind: 'conflict' }
  | Exclude<GroupAnswer, { kind: 'applied' }>;

/**
 * Holds units against all bounds in one atomic step, or says why not. Rejects with `MeterUnavailableError` when Redis or the ledger
 * does not answer; asking again under the same name is safe.
 */
export async function reserveUnits(meter: UsageMeter, question: UnitsQuestion): Promise<UnitsAnswer> {
  const { tenant, name, ttlMs } = question;
  if (!(ttlMs > 0 && ttlMs <= HOLD_SECONDS_MAX * 1_000)) {
    throw new RangeError(`a hold of ${ttlMs} ms: units are held for at most ${HOLD_SECONDS_MAX} s`);
  }
  refuseWhenFull(meter);
  const shard = shardOf(tenant, meter.shardCount);
  const counters = placeCounters(question);
  const keys = [
    shardKey(shard),
    gateKey(shard, tenant),
    holdsKey(shard, tenant),
    holdKey(shard, tenant, name),
    ...counters.windows.map((window) => boundKey(shard, tenant, { window, accountingStart: question.accountingStart })),
  ];
  const versions = [String(question.catalogueVersion), String(question.gateVersion), question.countedBy];
  const rest = [name, question.content, String(ttlMs), String(OPEN_HOLDS_MAX)];
  const last = [String(question.atMicros), counters.packed];
  let asksForDue = '1';
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const epoch = await verifiedEpoch(meter, shard);
    const reply = await askRedis(() =>
      meter.redis.reserveUnits(keys.length, ...keys, String(epoch), ...versions, ...rest, asksForDue, ...last),
    );
    if (reply[0] === 'due:holds') {
      await giveBackDue(meter, tenant);
      asksForDue = '0';
    } else if (reply[0] === 'epoch') forgetEpoch(meter, shard);
    else return readReply(reply, tenant, counters.places);
  }
  throw new MeterUnavailableError(`shard ${shard} did not come to rest within ${CALLS_MAX} calls`);
}

interface Placed {
  readonly windows: readonly GroupBound['window'][];
  readonly packed: Buffer;
  /** Per bound, the place of its counter in the answer. */
  readonly places: readonly number[];
}

/** Which counter is in which hash: a meter's own counter first, since it is told of what is held whatever is bounded. */
function placeCounters({ meter, scaled, bounds }: UnitsQuestion): Placed {
  const own = { window: 'period' as const, field: boundField({ meter }) };
  const counters = [own, ...bounds.map((bound) => ({ window: bound.window, field: boundField({ ...bound, meter }) }))];
  const byWindow = Map.groupBy(counters, ({ window }) => window);
  const windows = [...byWindow.keys()];
  const fieldsOf = windows.map((window) => [...new Set((byWindow.get(window) ?? []).map(({ field }) => field))]);
  const names = windows.flatMap((window, index) => (fieldsOf[index] ?? []).map((field) => `${window}/${field}`));
  const hardBounds = names.map((name) =>
    bounds
      .filter((bound) => bound.isHard && `${bound.window}/${boundField({ ...bound, meter })}` === name)
      .reduce((least, bound) => (least < 0 ? bound.scaled : Math.min(least, bound.scaled)), -1),
  );
  return {
    windows,
    packed: packHeader([
      windows.map((window) => WINDOW_MS[window]),
      fieldsOf.map((fields) => fields.length),
      fieldsOf.flat(),
      hardBounds,
      scaled,
    ]),
    places: bounds.map((bound) => names.indexOf(`${bound.window}/${boundField({ ...bound, meter })}`)),
  };
}

function readReply(reply: readonly string[], tenant: string, places: readonly number[]): UnitsAnswer {
  const [word = '', atMs = '', state = '', atMicros, expiresMs, committed = '', ...totals] = reply;
  const counters = places.map((place) => ({ total: totals[place * 2] ?? '0', held: totals[place * 2 + 1] ?? '0' }));
  switch (word) {
    case 'held':
    case 'known':
      return {
        kind: word,
        hold: {
          state: state as HoldState,
          atMicros: Number(atMicros),
          expiresMs: Number(expiresMs),
          committedQuantity: committed === '' ? null : committed,
        },
        counters,
        atMs: Number(atMs),
      };
    case 'refused':
    case 'crowded':
      return { kind: word, counters, atMs: Number(atMs) };
    case 'conflict':
      return { kind: 'conflict' };
    case 'stale:catalogue':
      return { kind: 'stale_catalogue' };
    case 'stale:gate':
      return { kind: 'stale_gate', tenant, gateVersion: Number(atMs) };
    case 'stale:counters':
      return { kind: 'stale_counters', tenants: [tenant] };
    case 'void:gate':
      return { kind: 'void_gate', tenants: [tenant] };
    default:
      throw new MeterUnavailableError(
        `reserveUnits answered ${JSON.stringify(word)}, which this version does not know`,
      );
  }
}
