import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { advanceCatalogue } from '../../src/meter/advance-gate.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;
const NEWER = `${YAML.replace('meters:', 'meters:\n  - { key: pages, aggregation: sum, unit: page }')}\
  - { id: late, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: basic }
`;
const OCCURRED_AT = '2026-11-20T10:00:00Z';

let stack: IngestStack;
let secret: string;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML });
  secret = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

async function outcomes(...events: readonly (readonly [id: string, tenant: string, type: string])[]) {
  const sent = events.map(([id, tenant, type]) => ({ id, tenant, type, occurredAt: OCCURRED_AT }));
  return (await stack.send(secret, sent)).map(({ outcome }) => outcome);
}

/** As another process, which has read no newer catalogue than this one yet. */
async function whileStale<T>(work: () => Promise<T>): Promise<T> {
  const old = stack.catalogue.current();
  await stack.apply(NEWER);
  expect(await outcomes(['first', 'late', 'calls'])).toEqual(['accepted']);
  const newer = stack.catalogue.current();
  let known = old;
  const reload = vi.spyOn(stack.catalogue, 'reload').mockImplementation(async () => (known = newer));
  const current = vi.spyOn(stack.catalogue, 'current').mockImplementation(() => known);
  try {
    return await work();
  } finally {
    reload.mockRestore();
    current.mockRestore();
  }
}

test('an event that another process took is known to one that has an older catalogue', async () => {
  // The tenants may live on different shards, of which only one was told by the event: any will do.
  expect(await whileStale(() => outcomes(['first', 'late', 'calls'], ['second', 'acme', 'pages']))).toEqual([
    'duplicate',
    'accepted',
  ]);
});

test('events of one batch keep their order, also where the first is only known to a newer catalogue', async () => {
  const same = ['same', 'acme', 'pages'] as const;
  expect(await whileStale(() => outcomes(same, ['same', 'acme', 'calls']))).toEqual(['accepted', 'conflict']);
});

test('what nobody knows does not ask the database, however often it is sent', async () => {
  await advanceCatalogue(stack.meter, stack.catalogue.current().version);
  const reload = vi.spyOn(stack.catalogue, 'reload');
  for (let round = 0; round < 5; round += 1) {
    expect(await outcomes(['one', 'nobody', 'calls'], ['two', 'acme', 'nothing'])).toEqual([
      'unknown_tenant',
      'unknown_type',
    ]);
  }
  expect(reload).not.toHaveBeenCalled();
});
