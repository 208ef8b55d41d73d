import { gatherLateUsage, gatherUsage, type UsageSource } from '../../activities/gather-usage.ts';
import type { CatalogueSnapshot } from '../../src/catalog/catalogue-snapshot.ts';
import { requireInstant } from '../../src/domain/instant.ts';
import type { InvoiceContent } from '../../src/domain/invoice.ts';
import type { Meter } from '../../src/domain/meter.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';
import { contentDigest } from '../../src/invoice/invoice-digests.ts';
import type { Queryable } from '../../src/ledger/database.ts';
import type { RatingInputs } from '../../src/rating/inputs.ts';
import { rateInvoice } from '../../src/rating/rate-invoice.ts';
import { sampleInputs } from '../rating/sample-inputs.ts';
import { TOKENS } from '../support/journal-entry.ts';

/** A period that is gathered from the ledger by every way of reading, in a zone with half an hour, and rated. */

export const NOVEMBER = '2023-11-01T00:00:00Z';
export const DECEMBER = '2023-12-01T00:00:00Z';
const JANUARY = '2024-01-01T00:00:00Z';

const METER: Meter = {
  ...TOKENS,
  version: 1,
  eventType: 'llm',
  value: { from: 'quantity' },
  filter: [],
  dimensions: ['model', 'region'],
  unit: 'token',
};

const PER_UNIT = { model: 'per_unit', unitPrice: '0.0371' } as const;

function charge(key: string, changes: Partial<Charge>): Charge {
  return { key, meter: 'tokens', description: key, includedUnits: '0', price: PER_UNIT, ...changes };
}

const PLAN: PlanVersion = {
  key: 'every_way',
  version: 1,
  name: 'Every way',
  currency: 'USD',
  baseFee: '12.5',
  limits: [],
  charges: [
    charge('all', { conversion: { divide: '7' }, minimum: '1' }),
    charge('of_eu', { filter: { region: ['eu'] }, maximum: '0.05' }),
    charge('by_region', { groupBy: 'region', includedUnits: '2' }),
    charge('by_day', { price: { model: 'bucketed', bucket: 'day', price: PER_UNIT } }),
    charge('by_both', {
      price: { model: 'matrix', dimensions: ['model', 'region'], cells: [], otherwise: PER_UNIT },
    }),
    charge('each', { price: { model: 'percentage', percent: '1.3', fixedFee: '0.01', freeAmount: '5' } }),
  ],
};

const SOURCE: UsageSource = {
  catalogue: { meters: new Map([['tokens', METER]]) } as unknown as CatalogueSnapshot,
  tenant: { id: 'acme', timeZone: 'Asia/Kolkata' },
  shard: 3,
};

/** A bill of December of what November used, as if December had used the same, and of what came late to November; from what the ledger says. */
export async function rateFromLedger(db: Queryable): Promise<InvoiceContent> {
  const [fromMicros, toMicros] = [requireInstant(NOVEMBER), requireInstant(DECEMBER)];
  const period = { period: { startMicros: fromMicros, endMicros: toMicros }, fromMicros, toMicros };
  const usage = await gatherUsage(db, SOURCE, PLAN, period);
  const late = await gatherLateUsage(db, SOURCE, PLAN, { ...period, accountingPeriod: requireInstant(DECEMBER) });
  if ('problems' in usage || 'problems' in late) throw new Error('the usage cannot be gathered');
  const december = { start: DECEMBER, end: JANUARY };
  const inputs: RatingInputs = sampleInputs({
    meters: [METER],
    period: december,
    feePeriod: december,
    spans: [{ from: DECEMBER, to: JANUARY, planVersion: PLAN, usage: usage.usage }],
    late: [
      {
        usagePeriodStart: NOVEMBER,
        usagePeriodEnd: DECEMBER,
        planVersion: PLAN,
        billedInvoiceId: null,
        usage: late.usage,
      },
    ],
  });
  const result = rateInvoice(inputs);
  if ('problems' in result) throw new Error(result.problems.join('; '));
  return result.content;
}

/** The digest of that content, in hexadecimal digits. */
export async function digestOfPeriod(db: Queryable): Promise<string> {
  return contentDigest(await rateFromLedger(db)).toString('hex');
}
