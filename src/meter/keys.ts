import { hash } from 'node:crypto';

import type { InstantText } from '../domain/instant.ts';
import type { LimitWindow } from '../domain/plan.ts';

/**
 * The names of all Redis keys. Nothing else in the program writes one. The tag in braces keeps a shard's keys in one slot of a
 * Redis Cluster; tenants match `TENANT_PATTERN`, so that no client text can end the tag or join two names into one.
 */

/** Most shards an installation can have; two digits in the tag. */
export const SHARDS_MAX = 100;

/** Four bytes. */
const SHARD_HEX_DIGITS = 8;

/** The shard of a tenant: the first four bytes of its SHA-256, modulo the number of shards. */
export function shardOf(tenant: string, shardCount: number): number {
  return Number.parseInt(hash('sha256', tenant, 'hex').slice(0, SHARD_HEX_DIGITS), 16) % shardCount;
}

function shardPrefix(shard: number): string {
  return `tk:{s${String(shard).padStart(2, '0')}}`;
}

/** Hash: epoch, sequence of the last accepted event, catalogue version, id bucket, trimmed-through, pin, state. */
export function shardKey(shard: number): string {
  return `${shardPrefix(shard)}:shard`;
}

/** Stream: one entry per call that accepted anything. */
export function journalKey(shard: number): string {
  return `${shardPrefix(shard)}:journal`;
}

/** Hash: digests of accepted ids → the first 8 bytes of their content digest. */
export function idsKey(shard: number, bucket: number): string {
  return `${shardPrefix(shard)}:ids:${bucket}`;
}

/** Hash: gate version, sealed-through instant, state, dirty flag, epoch. */
export function gateKey(shard: number, tenant: string): string {
  return `${shardPrefix(shard)}:gate:${tenant}`;
}

/** Hash: the counters of one tenant's accounting period. */
export function usageKey(shard: number, tenant: string, accountingStart: InstantText): string {
  return `${shardPrefix(shard)}:use:${tenant}:${accountingStart}`;
}

/** Hash: what arrived for a tenant in one short window. */
export function windowKey(shard: number, tenant: string, window: Exclude<LimitWindow, 'period'>): string {
  return `${shardPrefix(shard)}:win:${tenant}:${window}`;
}

/** Lengths of the windows that follow the clock of Redis; 0: the billing period, which does not. */
export const WINDOW_MS: Readonly<Record<LimitWindow, number>> = {
  period: 0,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The hash in which a bound's counter lives. */
export function boundKey(
  shard: number,
  tenant: string,
  { window, accountingStart }: { readonly window: LimitWindow; readonly accountingStart: InstantText },
): string {
  return window === 'period' ? usageKey(shard, tenant, accountingStart) : windowKey(shard, tenant, window);
}

/** The field of a bound's counter: the meter's own, or one beside it for the value of a dimension. */
export function boundField({ meter, valueDigest }: { readonly meter: string; readonly valueDigest?: string }): string {
  return valueDigest === undefined ? meter : `${meter}~${valueDigest}`;
}

/** Whether a field of a usage hash is one beside a meter's own, for the value of a dimension. */
export function isOfDimensionValue(field: string): boolean {
  return field.includes('~');
}

/**
 * The field of a meter's total in a usage hash. Late usage of another period has fields of its own (`<meter>@<usage period>`),
 * which limits ignore. The number of events is in the same name with `#n` behind it.
 */
export function counterField(meter: string, usageStart: InstantText, accountingStart: InstantText): string {
  return usageStart === accountingStart ? meter : `${meter}@${usageStart}`;
}

/**
 * The field of what holds take of a bounded counter, beside it. It reads as one of a dimension value, which whoever sums up usage leaves
 * out: what is held is not used.
 */
export function heldField(field: string): string {
  return `${field}~held`;
}

/** Sorted set: the open holds of a tenant, by the milliseconds at which they run out. */
export function holdsKey(shard: number, tenant: string): string {
  return `${shardPrefix(shard)}:holds:${tenant}`;
}

/** Hash: one hold. Its name is a digest, and names its member of the sorted set too. */
export function holdKey(shard: number, tenant: string, name: string): string {
  return `${shardPrefix(shard)}:hold:${tenant}:${name}`;
}

/** The field of a counter's number of events. */
export function eventCountField(field: string): string {
  return `${field}#n`;
}

/** The field that says for which epoch a usage hash holds; of another epoch the whole hash is void. */
export const USAGE_EPOCH_FIELD = '#epoch';

/**
 * The field of a gate that says for which epoch the usage hash of a period was made. A hash that should be there and is not was
 * deleted or evicted: its counters are void, not empty. The scripts make the same name from those of the two keys.
 */
export function madeField(accountingStart: InstantText): string {
  return `use:${accountingStart}`;
}
