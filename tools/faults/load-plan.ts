import { randomNumbers, shuffled } from './random-numbers.ts';

/** One event as it is sent, the same bytes at every attempt. */
export interface LoadEvent {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly quantity: number;
}

/** What one round sends. */
export interface LoadSize {
  readonly events: number;
  readonly batchSize: number;
  readonly senders: number;
  /** Batches are spread over this time, so that the load goes on while something is broken; left out: as fast as they are answered. */
  readonly lastsMs?: number;
  /** Each event is sent 1 to this many times, in batches that follow each other in no order; by default 1. */
  readonly timesMax?: number;
}

/** The tenants of one round: one that is closed upwards beside some that are open. */
export interface RoundTenants {
  readonly open: readonly string[];
  readonly limited: string;
}

const OPEN_TENANTS = 3;
const QUANTITY_MAX = 9;
/** Events lie up to this far back, so that they fall into several hours and none is early for a clock that is right. */
const SPREAD_MS = 3 * 3_600_000;

/** The event type, and the meter that sums up its quantity. */
export const EVENT_TYPE = 'calls';

/** What the names of a round's tenants begin with. */
export function tenantPrefix(round: number): string {
  return `r${String(round).padStart(3, '0')}-`;
}

/** The tenants of a round, which no other round uses: nothing of an earlier round can hide what this one lost. */
export function tenantsOf(round: number): RoundTenants {
  const name = (kind: string): string => tenantPrefix(round) + kind;
  return {
    open: Array.from({ length: OPEN_TENANTS }, (_, number) => name(`open-${number}`)),
    limited: name('limited'),
  };
}

/** All tenants of a round. */
export function allTenants({ open, limited }: RoundTenants): string[] {
  return [...open, limited];
}

/** The hard limit of limited tenants: about half of what a round sends to one, in whole units. */
export function limitFor(size: LoadSize): number {
  const meanQuantity = (1 + QUANTITY_MAX) / 2;
  return Math.floor((size.events / (OPEN_TENANTS + 1)) * meanQuantity * 0.5);
}

/** The batches of a round. @param nowMs the instant that events lie before */
export function planLoad(round: number, size: LoadSize, seed: number, nowMs: number): LoadEvent[][] {
  const random = randomNumbers(seed);
  const tenants = allTenants(tenantsOf(round));
  const events = Array.from({ length: size.events }, (_, number): LoadEvent => {
    const agoMs = 1_000 + Math.floor(random() * SPREAD_MS);
    return {
      id: `e${number}`,
      tenant: tenants[number % tenants.length] ?? '',
      type: EVENT_TYPE,
      occurredAt: new Date(nowMs - agoMs).toISOString(),
      quantity: 1 + Math.floor(random() * QUANTITY_MAX),
    };
  });
  const timesMax = size.timesMax ?? 1;
  const sent =
    timesMax === 1
      ? events
      : shuffled(
          events.flatMap((event) => Array.from({ length: 1 + Math.floor(random() * timesMax) }, () => event)),
          random,
        );
  return Array.from({ length: Math.ceil(sent.length / size.batchSize) }, (_, number) =>
    sent.slice(number * size.batchSize, (number + 1) * size.batchSize),
  );
}
