import { describe, expect, test } from 'vitest';

import { prepareRequest, refreshRequest, type PreparedRequest, type RequestPlan } from '../../bench/requests.ts';
import { pgbenchScript } from '../../bench/usual-way-statements.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 14, 30, 59, 900);

interface SentEvent {
  readonly id: string;
  readonly tenant: string;
  readonly occurredAt: string;
}

function plan(tenantsPerRequest: number): RequestPlan {
  return { kind: 'events', apiKey: 'key', eventsPerRequest: 100, tenantsPerRequest, tenants: 100, idPrefix: 'abcd' };
}

function sent(request: PreparedRequest): { head: string; body: string; events: SentEvent[] } {
  const [head = '', body = ''] = request.bytes.toString('utf8').split('\r\n\r\n');
  return { head, body, events: JSON.parse(body) as SentEvent[] };
}

describe('a prepared request', () => {
  test('is complete, and its length stays what its head says', () => {
    const request = prepareRequest(plan(1), 0);
    refreshRequest(request, 7, NOW_MS);
    const { head, body, events } = sent(request);
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(events).toHaveLength(100);
  });

  test('has ids that no other number of the load has', () => {
    const [one, other] = [prepareRequest(plan(1), 0), prepareRequest(plan(1), 1)];
    refreshRequest(one, 999_999_998, NOW_MS);
    const first = sent(one).events.map(({ id }) => id);
    refreshRequest(one, 0, NOW_MS);
    const second = sent(one).events.map(({ id }) => id);
    refreshRequest(other, 1, NOW_MS);
    const third = sent(other).events.map(({ id }) => id);
    expect(new Set([...first, ...second, ...third]).size).toBe(300);
  });

  test('has the times of the second in which it is sent', () => {
    const request = prepareRequest(plan(1), 0);
    refreshRequest(request, 1, NOW_MS);
    expect(sent(request).events.every(({ occurredAt }) => occurredAt.startsWith('2026-11-21T14:30:59.'))).toBe(true);
    refreshRequest(request, 2, NOW_MS + 1_000);
    expect(sent(request).events.every(({ occurredAt }) => occurredAt.startsWith('2026-11-21T14:31:00.'))).toBe(true);
  });

  test.each([1, 50])('has events of %i tenants', (tenants) => {
    const request = prepareRequest(plan(tenants), 3);
    refreshRequest(request, 1, NOW_MS);
    expect(new Set(sent(request).events.map(({ tenant }) => tenant)).size).toBe(tenants);
  });
});

test('the script for pgbench has all its parameters filled in', () => {
  expect(pgbenchScript()).not.toMatch(/\$\d/);
  expect(pgbenchScript().match(/;$/gm)).toHaveLength(5);
});
