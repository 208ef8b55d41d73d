import type { Meter } from '../../src/domain/meter.ts';
import type { Charge, PlanVersion, PriceModel } from '../../src/domain/plan.ts';
import type {
  ChargeUsage,
  LateChargeUsage,
  LateUsage,
  RatedSpan,
  RatingInputs,
  UsageFigures,
} from '../../src/rating/inputs.ts';

/** Inputs of rating for tests: the trace of an AI company that the acceptance figures come from. */

export function sampleMeter(key: string, unit = key): Meter {
  return {
    key,
    version: 1,
    eventType: 'llm.request',
    aggregation: 'sum',
    value: { from: 'quantity' },
    filter: [],
    dimensions: [],
    unit,
    scale: 0,
  };
}

export function sampleCharge(key: string, price: PriceModel, includedUnits = '0'): Charge {
  return { key, meter: key, description: key.replaceAll('_', ' '), includedUnits, price };
}

export function samplePlan(changes: Partial<PlanVersion> = {}): PlanVersion {
  return {
    key: 'trace',
    version: 1,
    name: 'Trace',
    currency: 'USD',
    baseFee: '20.00',
    charges: [
      sampleCharge('input_tokens', {
        model: 'graduated',
        bands: [
          { upTo: '1000000', unitPrice: '0', flatFee: '0' },
          { upTo: null, unitPrice: '0.000003', flatFee: '0' },
        ],
        flatAtZero: false,
      }),
      sampleCharge('output_tokens', { model: 'per_unit', unitPrice: '0.000015' }),
      sampleCharge('requests', { model: 'package', size: '1000', packagePrice: '0.50', freeUnits: '0' }),
    ],
    limits: [],
    ...changes,
  };
}

export function sampleUsage(charge: string, quantity: string, figures: Partial<UsageFigures> = {}): ChargeUsage {
  return { charge, quantity, eventCount: '8819', ledgerRange: { shard: 0, first: '1-1', last: '1-8819' }, ...figures };
}

/** Late usage of a charge; where it stays the same, nothing came late to it unless a count says so. */
export function sampleLateUsage(
  charge: string,
  before: string,
  after: string,
  eventCount = before === after ? '0' : '1',
): LateChargeUsage {
  return { charge, before: { quantity: before }, after: { quantity: after }, eventCount, ledgerRange: null };
}

/** The one span of the sample's period, or a part of it. */
export function sampleSpan(changes: Partial<RatedSpan> = {}): RatedSpan {
  return {
    from: '2023-11-01T00:00:00Z',
    to: '2023-12-01T00:00:00Z',
    planVersion: samplePlan(),
    usage: [
      sampleUsage('requests', '8819'),
      sampleUsage('input_tokens', '18059974'),
      sampleUsage('output_tokens', '245896'),
    ],
    ...changes,
  };
}

export function sampleLate(changes: Partial<LateUsage> = {}): LateUsage {
  return {
    usagePeriodStart: '2023-10-01T00:00:00Z',
    usagePeriodEnd: '2023-11-01T00:00:00Z',
    planVersion: samplePlan(),
    billedInvoiceId: 'inv_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    usage: [],
    ...changes,
  };
}

export function sampleInputs(changes: Partial<RatingInputs> = {}): RatingInputs {
  return {
    identity: { tenant: 'azure', kind: 'cycle', occasion: '2023-11-01T00:00:00Z', revision: 0 },
    meters: [sampleMeter('input_tokens', 'token'), sampleMeter('output_tokens', 'token'), sampleMeter('requests')],
    tenant: {
      currency: 'USD',
      timeZone: 'UTC',
      buyer: { name: 'Azure Trace Ltd', addressLines: ['1 Way', 'Redmond'], taxIds: ['US-1'] },
      billTo: 'azure',
      taxRates: [{ name: 'Sales tax', percent: '8.25' }],
      paymentTermsDays: 30,
    },
    issuer: { name: 'Tollkeeper Example', addressLines: ['2 Street', 'Town'], email: 'bills@example.com', taxIds: [] },
    period: { start: '2023-11-01T00:00:00Z', end: '2023-12-01T00:00:00Z' },
    feePeriod: { start: '2023-11-01T00:00:00Z', end: '2023-12-01T00:00:00Z' },
    spans: [sampleSpan()],
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
    ...changes,
  };
}
