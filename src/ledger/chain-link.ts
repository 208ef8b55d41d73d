import { createHash, type Hash } from 'node:crypto';
import type { Queryable } from './database.ts';
import { CHAIN_DIGEST_BYTES } from './journal-position.ts';

/** One link of a shard's hash chain: what a drain transaction put into the ledger. */
export interface ChainLink {
  readonly shard: number;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly rowCount: number;
}

/** The link's fixed part: five unsigned big-endian integers of 64 bits. */
const HEAD_BYTES = 40;

/**
 * Starts the hash of a link: sha256 of the previous tip, the fixed part, then the bytes of its rows in order of sequence
 * (`writeChainedRow`), which the caller adds.
 */
export function startChainHash(previousTip: Buffer, link: ChainLink): Hash {
  if (previousTip.length !== CHAIN_DIGEST_BYTES) {
    throw new RangeError(`a chain tip has ${CHAIN_DIGEST_BYTES} bytes, not ${previousTip.length}`);
  }
  const head = Buffer.alloc(HEAD_BYTES);
  [link.shard, link.epoch, link.firstSequence, link.lastSequence, link.rowCount].forEach((value, index) => {
    head.writeBigUInt64BE(BigInt(value), index * 8);
  });
  return createHash('sha256').update(previousTip).update(head);
}

/**
 * Writes the link of a batch and answers the new tip.
 *
 * @param chainBytes of the rows that were new, as `RowEncoder` answers them
 */
export async function appendChainLink(
  client: Queryable,
  previousTip: Buffer,
  link: ChainLink,
  chainBytes: Buffer,
): Promise<Buffer> {
  const tip = startChainHash(previousTip, link).update(chainBytes).digest();
  await client.query({
    name: 'append_chain_link',
    text: `
insert into drain_batch (shard, epoch, first_sequence, last_sequence, row_count, chain_digest)
values ($1::smallint, $2::bigint, $3::bigint, $4::bigint, $5::integer, $6::bytea)`,
    values: [link.shard, link.epoch, link.firstSequence, link.lastSequence, link.rowCount, tip],
  });
  return tip;
}
