import type { TenantEntry } from '../catalog/catalogue-snapshot.ts';
import { shardOf } from '../meter/keys.ts';

/** Finds the shard of a tenant. Its name is hashed once per catalogue snapshot, since every event asks. */
export class ShardFinder {
  readonly #shardCount: number;
  readonly #byEntry = new WeakMap<TenantEntry, number>();

  constructor(shardCount: number) {
    this.#shardCount = shardCount;
  }

  /** From 0. */
  find(entry: TenantEntry): number {
    const known = this.#byEntry.get(entry);
    if (known !== undefined) return known;
    const shard = shardOf(entry.tenant.id, this.#shardCount);
    this.#byEntry.set(entry, shard);
    return shard;
  }
}
