import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { startChainHash } from '../../src/ledger/chain-link.ts';
import type { UsageRow } from '../../src/ledger/usage-row.ts';

const ROW: UsageRow = {
  sequence: 8,
  occurredAtMicros: 1_700_130_600_000_001,
  tenant: 'acme',
  idDigestHex: '01'.repeat(16),
  eventId: 'order "7"',
  type: 'llm.request',
  quantity: '1.50',
  propertiesJson: '{"secret":true}',
  readings: { tokens: ['1.5', { model: 'x', a: null }], requests: '1' },
  contentDigestHex: '02'.repeat(16),
  usagePeriodMicros: 1_698_796_800_000_000,
  accountingPeriodMicros: 1_698_796_800_000_000,
  catalogueVersion: 3,
  acceptedAtMicros: 1_700_136_000_000_000,
};

/** The form of the hashed bytes is final: chains of running installations depend on it. */
test('a link hashes its tip, head and rows in the form that is written down', () => {
  const line =
    '[8,1700130600000001,"acme","01010101010101010101010101010101","order \\"7\\"","llm.request","1.50",' +
    '"{\\"requests\\":\\"1\\",\\"tokens\\":[\\"1.5\\",{\\"a\\":null,\\"model\\":\\"x\\"}]}",' +
    '"02020202020202020202020202020202",1698796800000000,1698796800000000,3,1700136000000000]\n';
  const head = ['0000000000000001', '0000000000000002', '0000000000000007', '0000000000000009', '0000000000000001'];
  const expected = createHash('sha256')
    .update(Buffer.alloc(32))
    .update(Buffer.from(head.join(''), 'hex'))
    .update(line);
  const link = { shard: 1, epoch: 2, firstSequence: 7, lastSequence: 9, rowCount: 1 };
  const hash = startChainHash(Buffer.alloc(32), link);
  hash.addRow(ROW);
  const digest = hash.digest().toString('hex');
  expect(digest).toBe(expected.digest('hex'));
});

test('a tip of the wrong length is refused', () => {
  const link = { shard: 0, epoch: 1, firstSequence: 1, lastSequence: 1, rowCount: 0 };
  expect(() => startChainHash(Buffer.alloc(31), link)).toThrow('a chain tip has 32 bytes, not 31');
});
