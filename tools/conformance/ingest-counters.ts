import type { Redis } from 'ioredis';

import { scaledText } from '../../src/domain/quantity.ts';
import { decodeEntry } from '../../src/journal/decode-entry.ts';
import { journalKey, shardOf, usageKey } from '../../src/meter/keys.ts';

const SCALES: Readonly<Record<string, number>> = { gb: 3, transfer_gb: 3, transfer_gb_eu: 3 };

/** Scaled integers by `tenant/meter`. */
export type Totals = ReadonlyMap<string, bigint>;

/** Every counter of both tenants, over all periods. `max` meters read as they are, `unique` ones from the journal's readings. */
export async function readTotals(redis: Redis, shardCount: number): Promise<Totals> {
  const totals = new Map<string, bigint>();
  for (const tenant of ['acme', 'globex']) {
    const shard = shardOf(tenant, shardCount);
    for (const key of await redis.keys(usageKey(shard, tenant, '*'))) {
      for (const [field, value] of Object.entries(await redis.hgetall(key))) {
        if (field.includes('#')) continue;
        totals.set(`${tenant}/${field}`, (totals.get(`${tenant}/${field}`) ?? 0n) + BigInt(value));
      }
    }
  }
  const users = await distinctUsers(redis, shardCount);
  if (users > 0n) totals.set('acme/active_users', users);
  return totals;
}

async function distinctUsers(redis: Redis, shardCount: number): Promise<bigint> {
  const digests = new Set<string>();
  const entries = await redis.xrangeBuffer(journalKey(shardOf('acme', shardCount)), '-', '+');
  for (const [id, fields] of entries) {
    const entry = decodeEntry(id.toString(), fields, 1);
    for (const item of entry.items) {
      if (item.kind !== 'row') continue;
      for (const { valueDigestHex } of item.row.contributions) if (valueDigestHex !== null) digests.add(valueDigestHex);
    }
  }
  return BigInt(digests.size);
}

/** What grew between two readings, as decimal strings of whole units; the figure of a `max` meter is what it reads afterwards. */
export function growth(before: Totals, after: Totals): Record<string, string> {
  const grown: Record<string, string> = {};
  for (const [name, total] of after) {
    const meter = name.split('/')[1] ?? '';
    const isPeak = meter === 'seats_peak';
    const difference = total - (before.get(name) ?? 0n);
    if (difference !== 0n) grown[name] = scaledText(isPeak ? total : difference, SCALES[meter] ?? 0);
  }
  return grown;
}

/** Meters that must not move are as good as not named. */
export function nonZero(counted: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(counted).filter(([, value]) => value !== '0'));
}
