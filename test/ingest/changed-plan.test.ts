import { afterEach, beforeEach, expect, test } from 'vitest';

import { changePlan } from '../../src/catalog/change-plan.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import { inTransaction } from '../../src/ledger/database.ts';
import { advanceCatalogue } from '../../src/meter/advance-gate.ts';
import { createIngestStack, type IngestStack } from './ingest-stack.ts';

function yaml(plan: string): string {
  return `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
plans:
  - { key: small, currency: USD, charges: [], limits: [{ meter: calls, mode: hard, limit: 10 }] }
  - { key: large, currency: USD, charges: [], limits: [{ meter: calls, mode: hard, limit: 100 }] }
  - { key: open, currency: USD, charges: [] }
tenants:
  - { id: acme, currency: USD, billingStart: 2026-10-01T00:00:00Z, plan: ${plan} }
`;
}

const BEFORE = '2026-11-20T10:00:00Z';
/** Within the tolerance for clocks that are ahead. */
const AFTER = '2026-11-20T10:31:00Z';

let stack: IngestStack;
let key: string;
let eventNumber = 0;

beforeEach(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: yaml('small') });
  key = await stack.createKey('write', ['ingest']);
});
afterEach(() => stack.close());

/** Moves the tenant to another plan within its period. What ingest has in memory is refused by the script, and read anew. */
async function moveTo(planKey: string): Promise<void> {
  const at = requireInstant('2026-11-20T10:30:00Z');
  const { catalogueVersion } = await inTransaction(stack.pool, (client) =>
    changePlan(client, { tenant: 'acme', planKey, at }, at),
  );
  await advanceCatalogue(stack.meter, catalogueVersion);
}

function event(occurredAt: string, quantity: number): object {
  eventNumber += 1;
  return { id: `event-${eventNumber}`, tenant: 'acme', type: 'calls', quantity, occurredAt };
}

async function outcomes(...events: readonly object[]): Promise<readonly string[]> {
  const results = await stack.send(key, events);
  return results.map(({ outcome }) => outcome);
}

test('an event is under the limit of its own plan, whatever stands beside it in the batch', async () => {
  await moveTo('large');
  expect(
    await outcomes(event(BEFORE, 10), event(AFTER, 50), event(BEFORE, 1), event(AFTER, 40), event(AFTER, 1)),
  ).toEqual(['accepted', 'accepted', 'limit_exceeded', 'accepted', 'limit_exceeded']);
});

test('an event of a plan without limits is not refused for one of a limited plan', async () => {
  await moveTo('open');
  expect(await outcomes(event(BEFORE, 10), event(AFTER, 50), event(BEFORE, 1), event(AFTER, 1))).toEqual([
    'accepted',
    'accepted',
    'limit_exceeded',
    'accepted',
  ]);
});

test('requests of one turn of the event loop keep their own limits too', async () => {
  await moveTo('large');
  const answers = await Promise.all([
    outcomes(event(BEFORE, 10)),
    outcomes(event(AFTER, 50)),
    outcomes(event(BEFORE, 1)),
    outcomes(event(AFTER, 40)),
  ]);
  expect(answers.flat()).toEqual(['accepted', 'accepted', 'limit_exceeded', 'accepted']);
});
