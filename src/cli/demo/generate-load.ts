import type { EventInput } from '../../client/index.ts';

/** A source of numbers in [0, 1) that always gives the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What to generate for one tenant in one period. */
export interface Load {
  readonly tenant: string;
  readonly eventType: string;
  /** Start of every id; makes them unique over runs and periods. */
  readonly idPrefix: string;
  /** Events without their duplicates. */
  readonly eventCount: number;
  /** The span the events fall into, half-open, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Tokens of an answer at most; the request has up to ten times as many. */
  readonly outputTokensMax: number;
}

/** Share of events that are sent a second time. */
export const DUPLICATE_SHARE = 0.05;

function instantText(epochMs: number, microsOfMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}${String(microsOfMs).padStart(3, '0')}Z`;
}

function oneEvent(load: Load, index: number, random: () => number): EventInput {
  const occurredMs = load.fromMs + Math.floor(random() * (load.toMs - load.fromMs));
  const outputTokens = 1 + Math.floor(random() ** 2 * load.outputTokensMax);
  return {
    id: `${load.idPrefix}-${index}`,
    tenant: load.tenant,
    type: load.eventType,
    occurredAt: instantText(occurredMs, Math.floor(random() * 1_000)),
    properties: { inputTokens: 1 + Math.floor(random() ** 2 * load.outputTokensMax * 10), outputTokens },
  };
}

/** The events of one load in the order to send them: a twentieth of them comes a second time, somewhere behind the first. */
export function generateLoad(load: Load, random: () => number): EventInput[] {
  const events = Array.from({ length: load.eventCount }, (_, index) => oneEvent(load, index, random));
  const slots: EventInput[][] = events.map((event) => [event]);
  const duplicates = Math.round(load.eventCount * DUPLICATE_SHARE);
  for (let copy = 0; copy < duplicates; copy += 1) {
    const original = Math.floor(random() * events.length);
    const behind = original + Math.floor(random() * (events.length - original));
    const event = events[original];
    if (event !== undefined) slots[behind]?.push(event);
  }
  return slots.flat();
}

/** Mixes the loads of several tenants as real traffic is mixed; the order within each tenant stays. */
export function mixLoads(loads: readonly (readonly EventInput[])[], random: () => number): EventInput[] {
  const positions = loads.map(() => 0);
  const mixed: EventInput[] = [];
  let left = loads.reduce((sum, load) => sum + load.length, 0);
  for (; left > 0; left -= 1) {
    let pick = Math.floor(random() * left);
    for (const [index, load] of loads.entries()) {
      const position = positions[index] ?? 0;
      const remaining = load.length - position;
      const event = load[position];
      if (pick < remaining && event !== undefined) {
        mixed.push(event);
        positions[index] = position + 1;
        break;
      }
      pick -= remaining;
    }
  }
  return mixed;
}
