import type { Queryable } from '../ledger/database.ts';
import type { CatalogueSnapshot } from './catalogue-snapshot.ts';
import { readCatalogue } from './read-catalogue.ts';

/**
 * Gates move with every sealed period, and tenants are paused, without a new catalogue version. Periods that are made ahead are not in it:
 * whoever makes them reloads, and making them twice is harmless.
 */
const READ_FINGERPRINT = `
select concat_ws('/', (select version from catalogue_version),
  (select coalesce(sum(version), 0) from gate),
  (select coalesce(sum(hashtext(id)::bigint), 0) from tenant where paused)) as fingerprint`;

const POLL_MS = 1_000;

/** Where the cache reads, and how often it looks for a newer catalogue (1,000 ms by default). */
export interface CatalogueCacheOptions {
  readonly db: Queryable;
  /** Told when a poll failed; the last snapshot stays in use, since Redis refuses what it no longer covers. */
  readonly onPollError: (error: unknown) => void;
  readonly pollMs?: number;
}

/**
 * Holds the newest catalogue snapshot of this process. Being a little old is safe: the script in Redis compares catalogue and
 * gate versions, refuses a stale group, and ingest then calls `reload`.
 */
export class CatalogueCache {
  readonly #options: CatalogueCacheOptions;
  #snapshot: CatalogueSnapshot | undefined;
  #fingerprint = '';
  #reloading: Promise<CatalogueSnapshot> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: CatalogueCacheOptions) {
    this.#options = options;
  }

  /** The snapshot in memory. Throws before the first `reload` has succeeded. */
  current(): CatalogueSnapshot {
    if (this.#snapshot === undefined) throw new Error('the catalogue was not read yet: await reload() at start');
    return this.#snapshot;
  }

  /**
   * Reads the catalogue again. Callers that ask while a read is waiting share the next one: a read that began before the call
   * might miss what the caller has just seen change.
   */
  async reload(): Promise<CatalogueSnapshot> {
    const running = this.#reloading;
    if (running !== undefined) {
      await running.catch(() => undefined);
      // The first of those who waited starts the next read, the others join it: it began after all of their calls.
      return this.#reloading ?? this.#read();
    }
    return this.#read();
  }

  /**
   * The catalogue as it is now, for who shows it: read again only where it changed. A whole read grows with the number of tenants; to ask whether
   * anything changed hardly does.
   */
  async refresh(): Promise<CatalogueSnapshot> {
    const known = this.#snapshot;
    const isKnown = known !== undefined && (await this.#readFingerprint()) === this.#fingerprint;
    return isKnown ? this.current() : this.reload();
  }

  #read(): Promise<CatalogueSnapshot> {
    const reading = this.#readNow().finally(() => {
      if (this.#reloading === reading) this.#reloading = undefined;
    });
    this.#reloading = reading;
    return reading;
  }

  async #readNow(): Promise<CatalogueSnapshot> {
    // The fingerprint is read first: a change in between makes the next poll read again, never miss it.
    const fingerprint = await this.#readFingerprint();
    const snapshot = await readCatalogue(this.#options.db);
    this.#snapshot = snapshot;
    this.#fingerprint = fingerprint;
    return snapshot;
  }

  async #readFingerprint(): Promise<string> {
    const { rows } = await this.#options.db.query<{ fingerprint: string }>(READ_FINGERPRINT);
    return rows[0]?.fingerprint ?? '';
  }

  /** Polls for changes every second until `stop`. */
  start(): void {
    this.#schedule();
  }

  /** Ends the polling. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#poll().finally(() => this.#schedule());
    }, this.#options.pollMs ?? POLL_MS);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.#options.onPollError(error);
    }
  }
}
