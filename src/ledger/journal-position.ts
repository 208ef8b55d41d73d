import type { Queryable } from './database.ts';

/**
 * A place in one shard's journal: the epoch of the Redis incarnation and the sequence of an accepted event, which counts from 1
 * in every epoch without gaps. Both are safe integers.
 */
export interface JournalPosition {
  readonly epoch: number;
  readonly sequence: number;
}

/** A shard's position as the ledger keeps it. */
export interface LedgerPosition extends JournalPosition, JournalIncarnation {
  /** Tip of the shard's hash chain, 32 bytes. */
  readonly chainDigest: Buffer;
  /** Whether the installation wants every id once, whatever its time. */
  readonly isStrict: boolean;
}

export const CHAIN_DIGEST_BYTES = 32;

/** Where every shard begins. */
export const JOURNAL_START: LedgerPosition = {
  epoch: 0,
  sequence: 0,
  runId: '',
  replicationId: '',
  chainDigest: Buffer.alloc(CHAIN_DIGEST_BYTES),
  isStrict: false,
};

/** Negative when `left` comes first, 0 when equal, positive when it comes after. */
export function comparePositions(left: JournalPosition, right: JournalPosition): number {
  return left.epoch === right.epoch ? left.sequence - right.sequence : left.epoch - right.epoch;
}

/** `<epoch>-<sequence>`, as in the ids of journal entries and in ledger ranges. */
export function formatPosition(position: JournalPosition): string {
  return `${position.epoch}-${position.sequence}`;
}

interface PositionRow {
  readonly epoch: string;
  readonly sequence: string;
  readonly run_id: string;
  readonly master_replid: string;
  readonly chain_digest: Buffer;
  readonly strict_ids: boolean | null;
}

const READ_POSITION = `
select epoch, sequence, run_id, master_replid, chain_digest, (select strict_ids from installation) as strict_ids
from journal_position
where shard = $1::smallint`;

/** Reads a shard's position without a lock; `JOURNAL_START` when the shard was never drained. */
export async function readPosition(db: Queryable, shard: number): Promise<LedgerPosition> {
  const { rows } = await db.query<PositionRow>({ name: 'read_position', text: READ_POSITION, values: [shard] });
  return rows[0] === undefined ? JOURNAL_START : ledgerPosition(rows[0]);
}

/**
 * Locks a shard's position until the transaction ends, making its row if there is none. Whoever holds it is the only one who
 * drains the shard or gives it a new epoch.
 */
export async function lockPosition(client: Queryable, shard: number): Promise<LedgerPosition> {
  const query = { name: 'lock_position', text: `${READ_POSITION} for update`, values: [shard] };
  const locked = await client.query<PositionRow>(query);
  if (locked.rows[0] !== undefined) return ledgerPosition(locked.rows[0]);
  await client.query(
    'insert into journal_position (shard, epoch, sequence) values ($1::smallint, 0, 0) on conflict do nothing',
    [shard],
  );
  const { rows } = await client.query<PositionRow>(query);
  if (rows[0] === undefined) throw new Error(`the position row of shard ${shard} vanished while it was being locked`);
  return ledgerPosition(rows[0]);
}

/** Moves a locked position forward. Throws when it would not rise: a position never goes back. */
export async function advancePosition(
  client: Queryable,
  move: { shard: number; to: JournalPosition; chainDigest: Buffer },
): Promise<void> {
  const { rowCount } = await client.query({
    name: 'advance_position',
    text: `
update journal_position
set epoch = $2::bigint, sequence = $3::bigint, chain_digest = $4::bytea
where shard = $1::smallint and (epoch, sequence) < ($2::bigint, $3::bigint)`,
    values: [move.shard, move.to.epoch, move.to.sequence, move.chainDigest],
  });
  if (rowCount !== 1) {
    throw new Error(`shard ${move.shard}: the position is already at or past ${formatPosition(move.to)}`);
  }
}

/** One run of one Redis server: both change when it may have lost or gone back in its data. */
export interface JournalIncarnation {
  readonly runId: string;
  /** `master_replid` of Redis. */
  readonly replicationId: string;
}

/**
 * Gives a Redis incarnation its epoch, under the position row's lock. When another process was faster (the row is past
 * `afterEpoch`) nothing changes: the answer then names this incarnation or another one, for which the caller's own is too late
 * and must be verified again. Otherwise the epoch becomes `afterEpoch` + 1 and counts from sequence 0. Commit before Redis
 * installs what this answers.
 */
export async function beginEpoch(
  client: Queryable,
  shard: number,
  { afterEpoch, incarnation }: { afterEpoch: number; incarnation: JournalIncarnation },
): Promise<LedgerPosition> {
  const locked = await lockPosition(client, shard);
  if (locked.epoch > afterEpoch) return locked;
  const epoch = afterEpoch + 1;
  await client.query(
    `
update journal_position
set epoch = $2::bigint, sequence = 0, run_id = $3::text, master_replid = $4::text
where shard = $1::smallint`,
    [shard, epoch, incarnation.runId, incarnation.replicationId],
  );
  return { ...locked, ...incarnation, epoch, sequence: 0 };
}

/** The highest sequence of one epoch that the ledger has drained; 0 when none. */
export async function lastDrained(db: Queryable, shard: number, epoch: number): Promise<number> {
  const { rows } = await db.query<{ sequence: string }>(
    `
select coalesce(max(last_sequence), 0) as sequence
from drain_batch
where shard = $1::smallint and epoch = $2::bigint`,
    [shard, epoch],
  );
  return safeInteger(rows[0]?.sequence ?? '0');
}

function ledgerPosition(row: PositionRow): LedgerPosition {
  return {
    epoch: safeInteger(row.epoch),
    sequence: safeInteger(row.sequence),
    runId: row.run_id,
    replicationId: row.master_replid,
    chainDigest: row.chain_digest,
    isStrict: row.strict_ids === true,
  };
}

/** Reads a bigint column that counts things. Throws `RangeError` past 2^53 − 1. */
export function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${JSON.stringify(text)}`);
  return value;
}
