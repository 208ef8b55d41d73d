import { shardKey } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import type { UsageMeter } from './usage-meter.ts';
import { forgetEpoch } from './verify-incarnation.ts';

/**
 * Sees that a shard stays closed: another process closed it, because the ledger went back or lacks something, or died over giving it
 * its next epoch. Without this it would open with the next event of one of its tenants, and audits and bills would wait for that.
 */
export class ClosedShards {
  readonly #meter: UsageMeter;
  /** By shard: the fence that stood at the last look. */
  readonly #fences = new Map<number, string>();

  constructor(meter: UsageMeter) {
    this.#meter = meter;
  }

  /**
   * Looks at a shard. Where the same fence stood at the last look, nobody is at work behind it: what was verified is forgotten, and
   * whoever asks for the epoch next opens the shard. Call it about once a second, while there is nothing to drain.
   */
  async look(shard: number): Promise<void> {
    const [state, fence] = await askRedis(() => this.#meter.redis.hmget(shardKey(shard), 'state', 'fence'));
    if (state === 'open') {
      this.#fences.delete(shard);
      return;
    }
    const standing = fence ?? '';
    if (this.#fences.get(shard) === standing) forgetEpoch(this.#meter, shard);
    this.#fences.set(shard, standing);
  }
}
