import { createHash } from 'node:crypto';
import type { Queryable } from './database.ts';
import { CHAIN_DIGEST_BYTES } from './journal-position.ts';
import { chainLine, type UsageRow } from './usage-row.ts';

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

/** A hash in the making for one link: rows are added in order of sequence, then the digest is taken once. */
export interface ChainHash {
  addRow(row: Omit<UsageRow, 'propertiesJson'>): void;
  digest(): Buffer;
}

/** Starts the hash of a link: sha256 of the previous tip, the fixed part, then one `chainLine` per row. */
export function startChainHash(previousTip: Buffer, link: ChainLink): ChainHash {
  if (previousTip.length !== CHAIN_DIGEST_BYTES) {
    throw new RangeError(`a chain tip has ${CHAIN_DIGEST_BYTES} bytes, not ${previousTip.length}`);
  }
  const head = Buffer.alloc(HEAD_BYTES);
  [link.shard, link.epoch, link.firstSequence, link.lastSequence, link.rowCount].forEach((value, index) => {
    head.writeBigUInt64BE(BigInt(value), index * 8);
  });
  const hash = createHash('sha256').update(previousTip).update(head);
  return { addRow: (row) => void hash.update(chainLine(row)), digest: () => hash.digest() };
}

/** Writes the link of a batch: `rows` are the rows that were new, in order of sequence. Answers the new tip. */
export async function appendChainLink(
  client: Queryable,
  previousTip: Buffer,
  link: Omit<ChainLink, 'rowCount'>,
  rows: readonly UsageRow[],
): Promise<Buffer> {
  const hash = startChainHash(previousTip, { ...link, rowCount: rows.length });
  for (const row of rows) hash.addRow(row);
  const tip = hash.digest();
  await client.query({
    name: 'append_chain_link',
    text: `
insert into drain_batch (shard, epoch, first_sequence, last_sequence, row_count, chain_digest)
values ($1::smallint, $2::bigint, $3::bigint, $4::bigint, $5::integer, $6::bytea)`,
    values: [link.shard, link.epoch, link.firstSequence, link.lastSequence, rows.length, tip],
  });
  return tip;
}
