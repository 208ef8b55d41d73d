import type pg from 'pg';
import { canonicalJson } from '../domain/canonical.ts';
import { microsSql, readMicros } from './columns.ts';
import { ByteWriter } from './byte-writer.ts';
import { type ChainLink, startChainHash } from './chain-link.ts';
import { inTransaction } from './database.ts';
import { JOURNAL_START, readPosition, safeInteger } from './journal-position.ts';
import type { StoredReadings } from './usage-row.ts';
import { type ChainedRow, writeChainedRow } from './usage-row-bytes.ts';

/** What walking a shard's chain found. */
export interface ChainReport {
  readonly isWhole: boolean;
  readonly links: number;
  readonly rows: number;
  /** The tip as recorded, in hex: compare it with one that was printed or exported to see a cut tail. */
  readonly tip: string;
  /** The first broken places, named; at most `CHAIN_PROBLEMS_MAX`. */
  readonly problems: readonly string[];
}

/** How far a walk has come. */
export interface ChainProgress {
  readonly links: number;
  readonly rows: number;
}

/** Who wants to know of a walk while it goes on. */
export interface ChainWalkOptions {
  readonly onProgress?: (progress: ChainProgress) => void;
  /** Ends the walk early; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export const CHAIN_PROBLEMS_MAX = 20;
const LINKS_PAGE = 1_000;
const ROWS_PAGE = 5_000;
const ROW_BYTES_GUESS = 1_024;

/**
 * Walks a shard's hash chain from its beginning: every row of the ledger must be in the link that its position names, with the
 * content it had when it was drained. Finds changed, missing and added rows and links; a cut tail shows against an exported
 * tip. Reads the whole shard in one consistent snapshot, with bounded memory.
 */
export async function verifyChain(pool: pg.Pool, shard: number, options: ChainWalkOptions = {}): Promise<ChainReport> {
  return inTransaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only');
    await client.query("set local statement_timeout = '0'");
    return new ChainWalk(client, shard).run(options);
  });
}

type LinkRow = ChainLink & { readonly chainDigest: Buffer };
type WalkedRow = ChainedRow & { readonly epoch: number };

/** One walk: links and rows are read side by side, both in order of position. */
class ChainWalk {
  readonly #client: pg.PoolClient;
  readonly #shard: number;
  readonly #problems: string[] = [];
  readonly #rowBytes = new ByteWriter(ROW_BYTES_GUESS);
  #rows: WalkedRow[] = [];
  #nextRow = 0;
  #rowsRead = 0;

  constructor(client: pg.PoolClient, shard: number) {
    this.#client = client;
    this.#shard = shard;
  }

  async run({ onProgress, signal }: ChainWalkOptions): Promise<ChainReport> {
    await this.#client.query(DECLARE_ROWS, [this.#shard]);
    let tip = JOURNAL_START.chainDigest;
    let links = 0;
    let previous: LinkRow | undefined;
    for (;;) {
      const page: readonly LinkRow[] = await this.#readLinks(previous);
      for (const link of page) {
        this.#checkContiguous(previous, link);
        await this.#checkLink(tip, link);
        tip = link.chainDigest;
        previous = link;
        links += 1;
      }
      onProgress?.({ links, rows: this.#rowsRead });
      signal?.throwIfAborted();
      if (page.length < LINKS_PAGE) break;
    }
    await this.#checkEnd(tip);
    const problems = this.#problems;
    return { isWhole: problems.length === 0, links, rows: this.#rowsRead, tip: tip.toString('hex'), problems };
  }

  #report(problem: string): void {
    if (this.#problems.length < CHAIN_PROBLEMS_MAX) this.#problems.push(problem);
  }

  #checkContiguous(previous: LinkRow | undefined, link: LinkRow): void {
    const expected = previous?.epoch === link.epoch ? previous.lastSequence + 1 : 1;
    if (link.firstSequence !== expected) {
      this.#report(`link ${name(link)} begins at ${link.firstSequence} instead of ${expected}`);
    }
  }

  async #checkLink(tip: Buffer, link: LinkRow): Promise<void> {
    const hash = startChainHash(tip, link);
    let count = 0;
    for (;;) {
      const row = await this.#peekRow();
      if (row === undefined || isPast(row, link)) break;
      this.#nextRow += 1;
      this.#rowsRead += 1;
      if (isBefore(row, link)) {
        this.#report(`row ${row.epoch}-${row.sequence} belongs to no link`);
        continue;
      }
      this.#rowBytes.clear();
      writeChainedRow(this.#rowBytes, { shard: this.#shard, epoch: row.epoch }, row);
      hash.update(this.#rowBytes.bytes());
      count += 1;
    }
    if (count !== link.rowCount) this.#report(`link ${name(link)} has ${count} rows instead of ${link.rowCount}`);
    else if (!hash.digest().equals(link.chainDigest)) this.#report(`link ${name(link)} has changed content`);
  }

  async #checkEnd(tip: Buffer): Promise<void> {
    const row = await this.#peekRow();
    if (row !== undefined) this.#report(`row ${row.epoch}-${row.sequence} and what follows belong to no link`);
    const position = await readPosition(this.#client, this.#shard);
    if (!position.chainDigest.equals(tip)) this.#report('the last link is not the tip of the position row');
  }

  async #peekRow(): Promise<WalkedRow | undefined> {
    if (this.#nextRow === this.#rows.length) {
      const { rows } = await this.#client.query<RawRow>(`fetch ${ROWS_PAGE} from chain_rows`);
      this.#rows = rows.map(walkedRow);
      this.#nextRow = 0;
    }
    return this.#rows[this.#nextRow];
  }

  async #readLinks(after: ChainLink | undefined): Promise<readonly LinkRow[]> {
    const { rows } = await this.#client.query<RawLink>(
      `
select epoch, first_sequence, last_sequence, row_count, chain_digest
from drain_batch
where shard = $1::smallint and (epoch, last_sequence) > ($2::bigint, $3::bigint)
order by epoch, last_sequence
limit ${LINKS_PAGE}`,
      [this.#shard, after?.epoch ?? -1, after?.lastSequence ?? -1],
    );
    return rows.map((row) => ({
      shard: this.#shard,
      epoch: safeInteger(row.epoch),
      firstSequence: safeInteger(row.first_sequence),
      lastSequence: safeInteger(row.last_sequence),
      rowCount: row.row_count,
      chainDigest: row.chain_digest,
    }));
  }
}

const DECLARE_ROWS = `
declare chain_rows no scroll cursor for
select epoch, sequence, ${microsSql('occurred_at')} as occurred_at, tenant, id_digest || content_digest as digests, event_id, type,
  quantity, readings, ${microsSql('usage_period')} as usage_period,
  ${microsSql('accounting_period')} as accounting_period, catalogue_version, ${microsSql('accepted_at')} as accepted_at
from usage_event
where shard = $1::smallint
order by epoch, sequence`;

interface RawLink {
  readonly epoch: string;
  readonly first_sequence: string;
  readonly last_sequence: string;
  readonly row_count: number;
  readonly chain_digest: Buffer;
}

interface RawRow {
  readonly epoch: string;
  readonly sequence: string;
  readonly occurred_at: string;
  readonly tenant: string;
  readonly digests: Buffer;
  readonly event_id: string;
  readonly type: string;
  readonly quantity: string;
  readonly readings: StoredReadings;
  readonly usage_period: string;
  readonly accounting_period: string;
  readonly catalogue_version: string;
  readonly accepted_at: string;
}

function walkedRow(row: RawRow): WalkedRow {
  return {
    epoch: safeInteger(row.epoch),
    sequence: safeInteger(row.sequence),
    occurredAtMicros: readMicros(row.occurred_at),
    tenant: row.tenant,
    digests: row.digests,
    digestsStart: 0,
    eventId: row.event_id,
    type: row.type,
    quantity: row.quantity,
    readingsJson: canonicalJson(row.readings),
    usagePeriodMicros: readMicros(row.usage_period),
    accountingPeriodMicros: readMicros(row.accounting_period),
    catalogueVersion: safeInteger(row.catalogue_version),
    acceptedAtMicros: readMicros(row.accepted_at),
  };
}

function name(link: ChainLink): string {
  return `${link.epoch}-${link.lastSequence}`;
}

function isPast(row: WalkedRow, link: ChainLink): boolean {
  return row.epoch === link.epoch ? row.sequence > link.lastSequence : row.epoch > link.epoch;
}

function isBefore(row: WalkedRow, link: ChainLink): boolean {
  return row.epoch === link.epoch ? row.sequence < link.firstSequence : row.epoch < link.epoch;
}
