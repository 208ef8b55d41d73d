import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson } from '../../src/domain/canonical.ts';
import type { JsonValue } from '../../src/domain/event.ts';
import { formatInstant, type InstantText } from '../../src/domain/instant.ts';
import { decodeEntry } from '../../src/journal/decode-entry.ts';
import { type JournalRow, rowText } from '../../src/journal/journal-entry.ts';
import { propertiesJson } from '../../src/ledger/usage-row.ts';
import { journalFields, journalId, type JournalEvent, type JournalMeter } from '../support/journal-entry.ts';

const METERS: readonly JournalMeter[] = [
  { key: 'tokens', scale: 3, aggregation: 'sum' },
  { key: 'requests', scale: 0, aggregation: 'count' },
  { key: 'users', scale: 0, aggregation: 'unique' },
];

const dimensions = fc.dictionary(
  fc.constantFrom('model', 'region', 'ü"\n'),
  fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null)),
  { maxKeys: 2 },
) as fc.Arbitrary<Record<string, JsonValue>>;

const reading = fc.tuple(
  fc.constantFrom('1', '0', '17', '0.125', '9007199254740.991'),
  fc.option(dimensions, { freq: 2 }),
);

const readings = fc.array(fc.option(reading), { minLength: METERS.length, maxLength: METERS.length }).map((own) =>
  METERS.flatMap((meter, index): NonNullable<JournalEvent['readings']> => {
    const [value = '', of = null] = own[index] ?? [];
    if (value === '') return [];
    const text = meter.aggregation === 'unique' ? 'ab' : meter.scale === 0 ? '3' : value;
    return of === null ? [[meter, text]] : [[meter, text, of]];
  }),
);

const event: fc.Arbitrary<JournalEvent> = fc.record({
  id: fc.string({ unit: 'binary', minLength: 1 }),
  tenant: fc.constantFrom('acme', 'globex'),
  type: fc.oneof(fc.constantFrom('call', 'call'), fc.string({ unit: 'binary' })),
  at: fc.nat(2_000_000_000).map((offset): InstantText => formatInstant(1_700_000_000_000_000 + offset * 1_000_003)),
  quantity: fc.constantFrom('1', '1', '2.50', '0'),
  usageStart: fc.constantFrom<InstantText>('2023-11-01T00:00:00Z', '2023-12-01T00:00:00Z'),
  properties: fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.string({ unit: 'binary' }), fc.double())),
  readings,
  outcome: fc.constantFrom('A', 'A', 'A', 'D', 'L'),
});

function decode(events: readonly JournalEvent[], fields: readonly Buffer[], id: string): readonly JournalRow[] {
  return decodeEntry(id, fields, 7).items.map((item) => {
    if (item.kind === 'poison') throw new Error(`${item.reason} in ${events.length} events`);
    return item.row;
  });
}

test('what recordUsage journals is what the drain reads, whatever the events hold', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), (events) => {
      const accepted = events.filter(({ outcome }) => outcome === 'A');
      fc.pre(accepted.length > 0);
      const rows = decode(events, journalFields(7, events), journalId(3, 7, events));
      expect(
        rows.map((row) => ({
          sequence: row.sequence,
          id: row.eventId,
          tenant: row.tenant,
          type: row.type,
          at: formatInstant(row.occurredAtMicros),
          quantity: row.quantity,
          properties: propertiesJson(row),
          readings: row.readingsJson,
        })),
      ).toEqual(
        accepted.map((sent, index) => ({
          sequence: 7 + index,
          id: sent.id,
          tenant: sent.tenant,
          type: sent.type,
          at: sent.at,
          quantity: sent.quantity,
          properties: canonicalJson(sent.properties),
          readings: canonicalJson(
            Object.fromEntries(
              (sent.readings ?? []).map(([meter, value, of]) => [meter.key, of === undefined ? value : [value, of]]),
            ),
          ),
        })),
      );
    }),
    { numRuns: 500 },
  );
});

function replaced(fields: readonly Buffer[], from: string, to: string): Buffer[] {
  return fields.map((field) => Buffer.from(field.toString('latin1').replace(from, to), 'latin1'));
}

test('an event that cannot be read is kept as an entry of its own, which is read when the program can', () => {
  const good: JournalEvent = {
    id: 'good "ü"',
    at: '2023-11-16T10:59:59.999999Z',
    quantity: '2',
    properties: { note: 'a\nb' },
    readings: [
      [{ key: 'tokens', scale: 3, aggregation: 'sum' }, '1.5', { model: 'x' }],
      [{ key: 'requests', scale: 0, aggregation: 'count' }, '1'],
    ],
  };
  const other = { ...good, quantity: '1' };
  const events = [{ ...other, id: 'first' }, { ...other, outcome: 'D' }, good, { ...other, id: 'last' }];
  const wanted = decode(events, journalFields(7, events), journalId(3, 7, events))[1];
  const broken = replaced(journalFields(7, events), '"2"', '"two"');
  const poison = decodeEntry(journalId(3, 7, events), broken, 7).items[1];
  expect(poison).toMatchObject({ kind: 'poison', tenant: 'acme', firstSequence: 8, sequence: 8 });
  const letter = JSON.parse(poison?.kind === 'poison' ? poison.journalText : '') as { id: string; fields: string[] };
  const fields = letter.fields.map((field) => Buffer.from(field, 'base64'));
  const mended = replaced(fields, '"two"', '"2"');
  const [row, ...others] = decode(events, mended, letter.id);
  expect(others).toEqual([]);
  expect(row && rowText(row)).toBe(wanted && rowText(wanted));
});
