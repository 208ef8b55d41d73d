import * as fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';

import { createIngestStack, type IngestStack } from './ingest-stack.ts';

const RUNS = Number(process.env['THRESHOLD_RUNS'] ?? '40');
const THRESHOLDS = [1, 25, 50, 100];

const YAML = `
issuer: { name: Toll Ltd }
meters:
  - { key: total, eventType: use, aggregation: sum }
  - { key: peak, eventType: use, aggregation: max }
plans:
  - key: basic
    currency: USD
    charges: []
    limits: [{ meter: total, mode: hard, limit: 100 }]
    alerts:
      - { meter: total, shareOfLimit: 0.01 }
      - { meter: total, shareOfLimit: 0.25 }
      - { meter: total, quantity: 50 }
      - { meter: peak, quantity: 25 }
tenants:
${Array.from({ length: RUNS }, (_, run) => `  - { id: t${run}, currency: USD, billingStart: 2026-11-01T00:00:00Z, plan: basic }`).join('\n')}
`;

let stack: IngestStack;
let key: string;

beforeAll(async () => {
  stack = await createIngestStack({ now: '2026-11-20T10:30:15Z', yaml: YAML });
  key = await stack.createKey('write', ['ingest']);
});
afterAll(() => stack.close());

/** Ids of few values, so that many are sent twice, with the same quantity: a duplicate. */
const EVENT = fc.record({ id: fc.nat({ max: 30 }), quantity: fc.nat({ max: 30 }) });
const BATCHES = fc.array(fc.array(EVENT, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });

/** The meter's total and maximum, as the rules say them. */
class Model {
  #total = 0;
  #peak = 0;
  readonly #quantities = new Map<number, number>();

  /** Takes a batch; whether it reached a threshold. */
  take(batch: readonly { readonly id: number; readonly quantity: number }[]): boolean {
    const [total, peak] = [this.#total, this.#peak];
    for (const { id, quantity } of batch) {
      if (this.#quantities.has(id) || this.#total + quantity > 100) continue;
      this.#quantities.set(id, quantity);
      this.#total += quantity;
      this.#peak = Math.max(this.#peak, quantity);
    }
    const isReached = THRESHOLDS.some((threshold) => total < threshold && threshold <= this.#total);
    return isReached || (peak < 25 && this.#peak >= 25);
  }
}

test(
  'whatever is sent, twice or refused, a batch tells exactly when it reached a threshold',
  { timeout: 120_000 },
  async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(BATCHES, async (batches) => {
        const tenant = `t${run % RUNS}`;
        run += 1;
        const model = new Model();
        for (const [index, batch] of batches.entries()) {
          const events = batch.map(({ id, quantity }) => ({
            id: `${run}-${id}`,
            tenant,
            type: 'use',
            quantity,
            occurredAt: '2026-11-20T10:00:00Z',
          }));
          await stack.send(key, events);
          const told = stack.reached.splice(0).length;
          const expected = model.take(batch) ? 1 : 0;
          if (told !== expected) throw new Error(`batch ${index}: told ${told} times, not ${expected}`);
        }
      }),
      // A shrunk run would need another fresh tenant each time.
      { numRuns: RUNS, endOnFailure: true },
    );
  },
);
