import type { Meter } from '../src/domain/meter.ts';
import type { Band, Charge, PlanVersion, PriceModel } from '../src/domain/plan.ts';
import type { ChargeUsage, RatingInputs, UsagePart } from '../src/rating/inputs.ts';

/** What `bench rating` rates: charges of every model, as price lists have them, with usage that reaches into their bands. */

export const MIX_METER: Meter = {
  key: 'tokens',
  version: 1,
  eventType: 'llm',
  aggregation: 'sum',
  value: { from: 'quantity' },
  filter: [],
  dimensions: ['model', 'region'],
  unit: 'token',
  scale: 3,
};

const BANDS: readonly Band[] = [
  { upTo: '1000000', unitPrice: '0', flatFee: '0' },
  { upTo: '10000000', unitPrice: '0.000004', flatFee: '5' },
  { upTo: null, unitPrice: '0.000003', flatFee: '0' },
];
const DAYS = 30;

/** Eight charges: most are of a quantity, as in real price lists, and each way of looking into usage is there once. */
const PRICES: readonly Partial<Charge>[] = [
  { price: { model: 'per_unit', unitPrice: '0.000015' }, includedUnits: '100000' },
  { price: { model: 'graduated', bands: BANDS, flatAtZero: false }, maximum: '500' },
  { price: { model: 'volume', bands: BANDS, flatAtZero: false }, discount: { percent: '12.5' } },
  { price: { model: 'package', size: '1000', packagePrice: '0.50', freeUnits: '5000' }, minimum: '10' },
  { price: { model: 'percentage', percent: '2.9', fixedFee: '0.30', freeEvents: '2' } },
  { price: { model: 'per_unit', unitPrice: '0.02' }, conversion: { divide: '3600', rounding: 'up' } },
  { price: { model: 'bucketed', bucket: 'day', price: { model: 'per_unit', unitPrice: '0.000015' } } },
  {
    price: {
      model: 'matrix',
      dimensions: ['model'],
      cells: [{ values: ['large'], price: { model: 'per_unit', unitPrice: '0.00003' } }],
      otherwise: { model: 'per_unit', unitPrice: '0.000002' },
    },
  },
];

/** How many charges are different. */
export const MIX_SIZE = PRICES.length;

/** The charge at a place of the mix; from the end on it begins again. */
export function mixCharge(place: number): Charge {
  const changes = PRICES[place % MIX_SIZE];
  const price: PriceModel = { model: 'per_unit', unitPrice: '0' };
  return {
    key: `charge_${place}`,
    meter: MIX_METER.key,
    description: `Charge ${place}`,
    includedUnits: '0',
    price,
    ...changes,
  };
}

/** Usage for the charge at a place, different for each number. */
export function mixUsage(place: number, number: number): ChargeUsage {
  const { model } = mixCharge(place).price;
  const usage = { charge: `charge_${place}`, eventCount: '8819', ledgerRange: null };
  if (model === 'percentage') {
    const values = [10, 80, 10_000, number + 1];
    return { ...usage, quantity: sumText(values), amounts: values.map((value) => [`${value}`, 1]) };
  }
  if (model === 'bucketed') return { ...usage, ...partsOf(DAYS, (day) => dayPart(day, number)) };
  if (model === 'matrix') return { ...usage, ...partsOf(MODELS.length, (index) => modelPart(index, number)) };
  // Ends in no zero, so that it is a plain decimal.
  return { ...usage, quantity: `${12_000_000 + ((number * 7919) % 9_000_000)}.${(number % 100) * 10 + 1}` };
}

const MODELS = ['large', 'small', 'tiny'];

function partsOf(count: number, partAt: (index: number) => UsagePart): Pick<ChargeUsage, 'quantity' | 'parts'> {
  const parts = Array.from({ length: count }, (_, index) => partAt(index));
  return { quantity: sumText(parts.map(({ quantity }) => Number(quantity))), parts };
}

function dayPart(day: number, number: number): UsagePart {
  const bucket = `2023-11-${String(day + 1).padStart(2, '0')}T00:00:00Z`;
  return { values: {}, bucket, quantity: `${400_000 + number}`, eventCount: '12' };
}

function modelPart(index: number, number: number): UsagePart {
  return { values: { model: MODELS[index] ?? '' }, bucket: null, quantity: `${number + 4_000_000}`, eventCount: '1' };
}

function sumText(values: readonly number[]): string {
  return String(values.reduce((sum, value) => sum + value, 0));
}

/** A price list of so many charges. */
export function mixPlan(charges: number): PlanVersion {
  return {
    key: 'mix',
    version: 1,
    name: 'Mix',
    currency: 'USD',
    baseFee: '20',
    charges: Array.from({ length: charges }, (_, place) => mixCharge(place)),
    limits: [],
  };
}

/** Inputs whose invoice has `spans × charges` lines of usage at least. */
export function mixInputs(spans: number, charges: number): RatingInputs {
  const planVersion = mixPlan(charges);
  const borders = Array.from({ length: spans + 1 }, (_, index) => borderOf(index, spans));
  const [start = '', end = ''] = [borders[0], borders.at(-1)];
  const party = { name: 'Bench', addressLines: [], taxIds: [] };
  return {
    identity: { tenant: 'bench', kind: 'cycle', occasion: start, revision: 0 },
    meters: [MIX_METER],
    tenant: {
      currency: 'USD',
      timeZone: 'UTC',
      buyer: party,
      billTo: 'bench',
      taxRates: [{ name: 'VAT', percent: '19' }],
      paymentTermsDays: 14,
    },
    issuer: party,
    period: { start, end },
    feePeriod: { start, end },
    spans: borders.slice(1).map((to, index) => ({
      from: borders[index] ?? start,
      to,
      planVersion,
      usage: planVersion.charges.map((_, place) => mixUsage(place, index * charges + place)),
    })),
    late: [],
    earlier: [],
    isLast: true,
    corrects: null,
  };
}

const PERIOD_START_MS = Date.UTC(2023, 10, 1);
const PERIOD_MS = DAYS * 86_400_000;

function borderOf(index: number, spans: number): string {
  const seconds = Math.floor((PERIOD_MS * index) / spans / 1_000);
  return new Date(PERIOD_START_MS + seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
