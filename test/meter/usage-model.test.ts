import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { rebuildTenant } from '../../src/meter/rebuild-tenant.ts';
import { readCounters } from '../../src/meter/read-counters.ts';
import { recordUsage } from '../../src/meter/record-usage.ts';
import { buildGroup, createMeterBench, newTenant, PERIOD, type EventSketch, type MeterBench } from './meter-bench.ts';

let bench: MeterBench;
beforeAll(async () => {
  bench = await createMeterBench();
});
afterAll(() => bench.close());

const LIMIT = 12;
const METERS = ['calls', 'tokens'] as const;

/** What the script must do, in a few lines of plain code: ids with their content, and a total per tenant and meter. */
class Model {
  readonly #contents = new Map<string, string>();
  readonly totals = new Map<string, number>();

  take(sketch: EventSketch): string {
    const name = `${sketch.tenant}/${sketch.id}`;
    const known = this.#contents.get(name);
    if (known !== undefined) return known === sketch.content ? 'D' : 'C';
    const usage = Object.entries(sketch.usage ?? {});
    const total = (meter: string): number => this.totals.get(`${sketch.tenant}/${meter}`) ?? 0;
    if (usage.some(([meter, value]) => value > 0 && total(meter) + value > LIMIT)) return 'L';
    this.#contents.set(name, sketch.content ?? '');
    for (const [meter, value] of usage) this.totals.set(`${sketch.tenant}/${meter}`, total(meter) + value);
    return 'A';
  }
}

const sketch = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  tenant: fc.constantFrom('acme', 'globex'),
  content: fc.constantFrom('same', 'same', 'same', 'other'),
  limit: fc.constant(LIMIT),
  usage: fc.oneof(
    fc.record({ calls: fc.nat(7) }),
    fc.record({ tokens: fc.nat(7) }),
    fc.record({ calls: fc.nat(7), tokens: fc.nat(7) }),
  ),
});

test('the script does what the model does, whatever is sent, repeated and refused', async () => {
  const batches = fc.array(fc.array(sketch, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(batches, async (sent) => {
      await startAfresh();
      const model = new Model();
      for (const batch of sent) {
        const answer = await recordUsage(bench.meter, buildGroup(batch));
        expect(answer.kind === 'applied' && answer.statuses).toEqual(batch.map((event) => model.take(event)));
      }
      for (const tenant of ['acme', 'globex']) {
        const counters = await readCounters(bench.meter, tenant, PERIOD);
        for (const meter of METERS) {
          expect(Number(counters.get(meter) ?? 0)).toBe(model.totals.get(`${tenant}/${meter}`) ?? 0);
        }
      }
    }),
    { numRuns: 150 },
  );
});

async function startAfresh(): Promise<void> {
  await bench.redis.flushdb();
  for (const tenant of ['acme', 'globex']) {
    bench.ledger.tenants.set(tenant, newTenant());
    await rebuildTenant(bench.meter, tenant);
  }
}
