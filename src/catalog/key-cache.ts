import { hash } from 'node:crypto';

import type { EpochMicros } from '../domain/instant.ts';
import type { Queryable } from '../ledger/database.ts';
import { authenticate } from './api-keys.ts';
import type { AuthenticatedKey } from './api-keys.ts';

/** A revoked key stops working within this time in every process. */
export const KEY_CACHE_TTL_MS = 4_000;
const ENTRIES_MAX = 10_000;

interface CachedKey {
  readonly answer: Promise<AuthenticatedKey | undefined>;
  until: EpochMicros;
}

/**
 * Remembers the answers of `authenticate` for a few seconds, so that a busy sender costs one look-up per process and period.
 * Kept by digest, so that no secret stays in memory longer than its request. A failed look-up is not remembered.
 */
export class KeyCache {
  readonly #db: Queryable;
  readonly #clock: () => EpochMicros;
  readonly #entries = new Map<string, CachedKey>();

  constructor(db: Queryable, clock: () => EpochMicros) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The key of a secret, at most `KEY_CACHE_TTL_MS` old. Rejects when the database does not answer. */
  async authenticate(secret: string): Promise<AuthenticatedKey | undefined> {
    const name = hash('sha256', secret, 'base64');
    const now = this.#clock();
    const cached = this.#entries.get(name);
    if (cached !== undefined && now < cached.until) return cached.answer;
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
    const answer = authenticate(this.#db, secret, now);
    const entry: CachedKey = { answer, until: now + KEY_CACHE_TTL_MS * 1_000 };
    this.#entries.set(name, entry);
    try {
      const key = await answer;
      // A key that ends sooner is not remembered past its end.
      entry.until = Math.min(entry.until, key?.expiresAtMicros ?? entry.until);
      return key;
    } catch (error) {
      this.#entries.delete(name);
      throw error;
    }
  }

  /** Forgets everything: after a key was made or revoked in this process. */
  clear(): void {
    this.#entries.clear();
  }
}
