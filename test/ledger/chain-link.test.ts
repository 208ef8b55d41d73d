import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { startChainHash } from '../../src/ledger/chain-link.ts';
import { textPart, type UsageRow } from '../../src/ledger/usage-row.ts';
import { RowEncoder, type RowSource } from '../../src/ledger/usage-row-bytes.ts';

const ROW: UsageRow = {
  sequence: 8,
  occurredAtMicros: 1_700_130_600_000_001,
  tenant: 'acme',
  digests: Buffer.concat([Buffer.from('before'), Buffer.alloc(16, 1), Buffer.alloc(16, 2)]),
  digestsStart: 6,
  eventId: 'order "7" ü',
  type: 'llm.request',
  quantity: '12345.50',
  properties: textPart('{"secret":true}'),
  readingsJson: '{"requests":"1","tokens":["1.5",{"a":null,"model":"x"}]}',
  usagePeriodMicros: 1_698_796_800_000_000,
  accountingPeriodMicros: 1_698_796_800_000_000,
  catalogueVersion: 3,
  acceptedAtMicros: 946_684_799_999_999,
};

/** A field of PostgreSQL's binary format: the length of the value, then the value. */
function field(value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length);
  return Buffer.concat([length, value]);
}

function integer(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return field(bytes);
}

const instant = (micros: number): Buffer => integer(BigInt(micros) - 946_684_800_000_000n);
const text = (value: string): Buffer => field(Buffer.from(value));

const EXPECTED_FIELDS: readonly Buffer[] = [
  instant(ROW.occurredAtMicros),
  text('acme'),
  field(Buffer.alloc(16, 1)),
  text('order "7" ü'),
  text('llm.request'),
  // Three groups of base 10,000 (1, 2345, 5000), the first of weight 1, positive, two digits behind the point.
  field(Buffer.from('0003000100000002000109291388', 'hex')),
  text(`\u0001${ROW.readingsJson}`),
  field(Buffer.alloc(16, 2)),
  instant(ROW.usagePeriodMicros),
  instant(ROW.accountingPeriodMicros),
  field(Buffer.from('0001', 'hex')),
  integer(2n),
  integer(8n),
  integer(3n),
  instant(ROW.acceptedAtMicros),
];

function chainBytes(source: RowSource, rows: readonly UsageRow[]): Buffer {
  // It grows with what is added.
  const encoder = new RowEncoder(source, 0);
  for (const row of rows) encoder.add(row);
  return encoder.bytes().chainBytes;
}

/** The form of the hashed bytes is final: chains of running installations depend on it. */
describe('the hash chain', () => {
  test('covers every column but the properties, in the form that is written down', () => {
    expect(chainBytes({ shard: 1, epoch: 2 }, [ROW, ROW]).toString('hex')).toBe(
      Buffer.concat([...EXPECTED_FIELDS, ...EXPECTED_FIELDS]).toString('hex'),
    );
  });

  test('hashes the previous tip, the head of the link and its rows', () => {
    const head = ['0000000000000001', '0000000000000002', '0000000000000007', '0000000000000009', '0000000000000001'];
    const expected = createHash('sha256')
      .update(Buffer.alloc(32))
      .update(Buffer.from(head.join(''), 'hex'))
      .update(Buffer.concat(EXPECTED_FIELDS));
    const link = { shard: 1, epoch: 2, firstSequence: 7, lastSequence: 9, rowCount: 1 };
    const digest = startChainHash(Buffer.alloc(32), link)
      .update(chainBytes(link, [ROW]))
      .digest('hex');
    expect(digest).toBe(expected.digest('hex'));
  });
});

test('a tip of the wrong length is refused', () => {
  const link = { shard: 0, epoch: 1, firstSequence: 1, lastSequence: 1, rowCount: 0 };
  expect(() => startChainHash(Buffer.alloc(31), link)).toThrow('a chain tip has 32 bytes, not 31');
});
