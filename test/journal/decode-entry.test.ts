import { describe, expect, test } from 'vitest';

import { formatInstant } from '../../src/domain/instant.ts';
import { decodeEntry } from '../../src/journal/decode-entry.ts';
import type { JournalRow } from '../../src/journal/journal-entry.ts';
import { idDigestHex, propertiesJson } from '../../src/ledger/usage-row.ts';
import { idDigest, journalFields, journalId, REQUESTS, TOKENS, type JournalEvent } from '../support/journal-entry.ts';

function decode(events: readonly JournalEvent[], firstSequence = 10): readonly JournalRow[] {
  const entry = decodeEntry(journalId(3, firstSequence, events), journalFields(firstSequence, events), firstSequence);
  return entry.items.flatMap((item) => (item.kind === 'row' ? [item.row] : []));
}

describe('an entry of the journal', () => {
  test('is read into rows with consecutive sequences for what was accepted', () => {
    const rows = decode([
      { id: 'a', at: '2023-11-16T10:59:59.999999Z', outcome: 'D' },
      { id: 'b', at: '2023-11-16T10:59:59.999999Z', readings: [[TOKENS, '1.5', { model: 'x', a: null }]] },
      { id: 'c', tenant: 'globex', gate: 4, at: '2023-11-16T11:00:00Z', properties: { note: 'ü' }, readings: [] },
    ]);
    expect(rows.map(({ sequence, eventId }) => [sequence, eventId])).toEqual([
      [10, 'b'],
      [11, 'c'],
    ]);
    expect(rows[0]).toMatchObject({
      readingsJson: '{"tokens":["1.5",{"a":null,"model":"x"}]}',
      contributions: [{ meter: 'tokens', scale: 3, scaled: 1_500, dimensionsJson: '{"a":null,"model":"x"}' }],
      properties: null,
    });
    expect(rows[0] && idDigestHex(rows[0])).toBe(idDigest('acme', 'b').toString('hex'));
    expect(formatInstant(rows[0]?.hourMicros ?? 0)).toBe('2023-11-16T10:00:00Z');
    expect(rows[1] && propertiesJson(rows[1])).toBe('{"note":"ü"}');
    expect(rows[1]).toMatchObject({
      tenant: 'globex',
      gateVersion: 4,
      readingsJson: '{}',
    });
  });

  test.each<[string, Partial<JournalEvent>, string]>([
    ['a reading past its scale', { readings: [[TOKENS, '0.0001']] }, '"0.0001" is no value of tokens at scale 3'],
    ['a negative reading', { readings: [[TOKENS, '-1']] }, 'is no value of tokens'],
    [
      'a second reading of a meter',
      {
        readings: [
          [REQUESTS, '1'],
          [{ ...REQUESTS, scale: 3 }, '1'],
        ],
      },
      'two readings of the meter requests',
    ],
    [
      'a value of a unique meter that is no digest',
      { readings: [[{ key: 'users', scale: 0, aggregation: 'unique' }, 'ada']] },
      'a value of users is no digest in hex',
    ],
    ['an exponent as quantity', { quantity: '1e3' }, 'no plain decimal: "1e3"'],
  ])('names what is wrong with %s', (_what, event, reason) => {
    const events = [{ id: 'a', at: '2023-11-16T10:00:00Z', ...event }];
    const { items } = decodeEntry('1-1', journalFields(1, events), 1);
    expect(items).toMatchObject([{ kind: 'poison', tenant: 'acme', sequence: 1 }]);
    expect(items[0]?.kind === 'poison' && items[0].reason).toContain(reason);
  });

  test.each([
    [
      'its sequences do not match its outcomes',
      '1-5',
      {},
      '1 events were accepted, but the sequences 1 to 5 are given',
    ],
    ['it has another format', '1-1', { f: '2' }, 'format version 2 is not 1'],
    ['a digest is cut off', '1-1', { d: 'short' }, 'no content or no digests'],
    ['its interpretation is broken', '1-1', { i: '{"tenants":[' }, 'field i is not JSON'],
    [
      'it names an unknown aggregation',
      '1-1',
      { i: '{"tenants":[],"periods":[],"meters":[["a",0,"mode"]]}' },
      'i.meters[0]',
    ],
  ])('is poison as a whole when %s', (_what, id, replaced: Record<string, string>, reason) => {
    const fields = journalFields(1, [{ id: 'a', at: '2023-11-16T10:00:00Z' }]);
    for (const [name, value] of Object.entries(replaced)) {
      fields[fields.findIndex((field) => field.toString() === name) + 1] = Buffer.from(value);
    }
    const { items } = decodeEntry(id, fields, 1);
    expect(items).toMatchObject([{ kind: 'poison', tenant: null, firstSequence: 1 }]);
    expect(items[0]?.kind === 'poison' && items[0].reason).toContain(reason);
  });
});
