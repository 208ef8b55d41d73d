import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { windowKey } from '../../src/meter/keys.ts';
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
const PROJECT_LIMIT = 7;
const DAY_LIMIT = 10;
const METERS = ['calls', 'tokens'] as const;

/**
 * What the script must do, in a few lines of plain code: ids with their content, and a total per tenant and meter, per project of it,
 * and per day.
 */
class Model {
  readonly #contents = new Map<string, string>();
  readonly totals = new Map<string, number>();

  take(sketch: EventSketch & { readonly project: string }): string {
    const name = `${sketch.tenant}/${sketch.id}`;
    const known = this.#contents.get(name);
    if (known !== undefined) return known === sketch.content ? 'D' : 'C';
    const usage = Object.entries(sketch.usage ?? {});
    const touched = usage.flatMap(([meter, value]) => [
      { counter: `${sketch.tenant}/${meter}`, value, limit: LIMIT },
      { counter: `${sketch.tenant}/${meter}/${sketch.project}`, value, limit: PROJECT_LIMIT },
      { counter: `${sketch.tenant}/${meter}/day`, value, limit: DAY_LIMIT },
    ]);
    const total = (counter: string): number => this.totals.get(counter) ?? 0;
    if (touched.some(({ counter, value, limit }) => value > 0 && total(counter) + value > limit)) return 'L';
    this.#contents.set(name, sketch.content ?? '');
    for (const { counter, value } of touched) this.totals.set(counter, total(counter) + value);
    return 'A';
  }
}

const sketch = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    tenant: fc.constantFrom('acme', 'globex'),
    content: fc.constantFrom('same', 'same', 'same', 'other'),
    limit: fc.constant(LIMIT),
    project: fc.constantFrom('atlas', 'birch'),
    usage: fc.oneof(
      fc.record({ calls: fc.nat(7) }),
      fc.record({ tokens: fc.nat(7) }),
      fc.record({ calls: fc.nat(7), tokens: fc.nat(7) }),
    ),
  })
  .map((event) => ({
    ...event,
    bounds: [
      { window: 'period', valueDigest: event.project, scaled: PROJECT_LIMIT, isHard: true },
      { window: 'day', scaled: DAY_LIMIT, isHard: true },
      { window: 'hour', scaled: 1, isHard: false },
    ] as const,
  }));

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
          const total = model.totals.get(`${tenant}/${meter}`) ?? 0;
          expect(Number(counters.get(meter) ?? 0)).toBe(total);
          expect(Number((await bench.redis.hget(windowKey(0, tenant, 'day'), meter)) ?? 0)).toBe(total);
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
