import { describe, expect, test } from 'vitest';

import { checkCloudEvent } from '../../src/ingest/check-cloud-event.ts';
import { checkEvent, normalQuantity, readInstant } from '../../src/ingest/check-event.ts';
import { readContentType, readEvents } from '../../src/ingest/read-body.ts';

const SOUND = { id: 'a', tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:30:15Z' };

function faultOf(event: unknown): string | undefined {
  const result = checkEvent(event);
  return result.kind === 'sound' ? undefined : 'path' in result.fault ? result.fault.path : '';
}

describe('the form of an event', () => {
  test('a property that is named with an escape is not read as one of an earlier event', () => {
    readEvents(Buffer.from(String.raw`{"region": [], "\\": 7}`), 'events');
    const [event] = readEvents(Buffer.from(String.raw`{"region": 1, "\n": 7}`), 'events');
    expect(Object.keys(event as object)).toEqual(['region', '\n']);
  });

  test.each([
    [{}, undefined],
    [{ id: null }, 'id'],
    [{ id: '\u00a0x' }, 'id'],
    [{ id: 'x\u0085y' }, 'id'],
    [{ id: 'é'.repeat(128) }, undefined],
    [{ id: 'é'.repeat(129) }, 'id'],
    [{ tenant: null }, 'tenant'],
    [{ type: 't'.repeat(129) }, 'type'],
    [{ quantity: '0.0' }, undefined],
    [{ quantity: '-0' }, 'quantity'],
    [{ quantity: '٣' }, 'quantity'],
    [{ quantity: {} }, 'quantity'],
    [{ quantity: `1.${'0'.repeat(5_000)}` }, undefined],
    [{ properties: null }, 'properties'],
    [{ properties: [] }, 'properties'],
    [{ properties: { a: { ['\ud800']: 1 } } }, 'properties.a'],
    [{ properties: { a: [{ b: Number.POSITIVE_INFINITY }] } }, 'properties.a[0].b'],
    [{ properties: { a: JSON.parse('{"__proto__":1}') as unknown } }, 'properties.a.__proto__'],
    [{ properties: { blob: 'z'.repeat(16_384 - '{"blob":""}'.length) } }, undefined],
    [{ properties: { blob: 'z'.repeat(16_385 - '{"blob":""}'.length) } }, 'properties'],
    [{ properties: Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, 1])) }, undefined],
    [{ occurredat: 'x' }, 'occurredat'],
  ])('%j is at fault at %s', (change, path) => {
    expect(faultOf({ ...SOUND, ...change })).toBe(path);
  });

  test('a quantity has one form', () => {
    expect(['5', '5.0', 5, '0.50', '0.00', '100', undefined].map(normalQuantity)).toEqual([
      '5',
      '5',
      '5',
      '0.5',
      '0',
      '100',
      '1',
    ]);
  });

  test('instants too far away for a double are sound when their date exists', () => {
    expect(readInstant('2999-12-31T23:59:59Z')).toBe(Number.MAX_SAFE_INTEGER);
    expect(readInstant('0001-01-01T00:00:00Z')).toBe(Number.MIN_SAFE_INTEGER);
    expect(readInstant('2999-02-29T00:00:00Z')).toBeUndefined();
    expect(readInstant('9600-02-29T00:00:00Z')).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('a CloudEvent keeps quantity out of its properties, and may have an attribute named events', () => {
    const event = { specversion: '1.0', id: 'a', source: '/x', type: 'calls', subject: 'acme', time: SOUND.occurredAt };
    const result = checkCloudEvent({ ...event, events: 1, data: { quantity: '2.50', model: 'm' } });
    expect(result).toMatchObject({
      kind: 'sound',
      event: { quantity: '2.5', properties: { model: 'm' }, identity: ['/x', 'a'] },
    });
    expect(readEvents(Buffer.from('{"events":1}'), 'cloudevents')).toEqual([{ events: 1 }]);
    expect(() => readEvents(Buffer.from('{"events":1}'), 'events')).toThrow(/must be a list/);
  });

  test.each([
    ['application/json; charset="UTF-8"', undefined, true],
    ['application/json; charset=utf8', undefined, false],
    ['application/json', 'identity', true],
    ['application/json', 'identity, gzip', false],
    ['application/jsonx', undefined, false],
  ])('Content-Type %s with coding %s is read: %s', (contentType, coding, isRead) => {
    const read = (): unknown => readContentType(contentType, coding);
    if (isRead) expect(read()).toBe('events');
    else expect(read).toThrow(/Content|charset/);
  });
});
