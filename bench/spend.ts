import { type BenchContext, secondsOf, serverVersions } from './bench-context.ts';
import { FILL_DAYS } from './fill-days.ts';
import { type Findings, type Measure, medianShares } from './report.ts';
import { type AnsweredRun, runLoad } from './run-load.ts';
import { type BenchStack, startBenchStack } from './stack.ts';

/** What this command measures. */
export const SPEND_TITLE = 'spend: what an open period costs so far, a month of hourly rollups behind it';

const SECONDS = 3;
const MICROS_PER_MS = 1_000;
/** Wanted of the median. */
const P50_MS_MAX = 5;

/** Prices meters as a whole, as most plans do: the usage comes from the counters. */
const WHOLE = 's000';
/** Prices values of a dimension, a filtered part, and days: the usage comes from the rollups. */
const PARTED = 's001';

const MODELS = ['large', 'small', 'image', 'audio'];
const CELLS = MODELS.map((model) => `{ values: [${model}], price: { model: per_unit, unitPrice: 0.000003 } }`);
const BANDS = '[{ upTo: 1000000, unitPrice: 0 }, { unitPrice: 0.000003 }]';
const TENANT = 'currency: USD, timeZone: UTC, billingStart: 2026-01-01T00:00:00Z, periodLength: month';

const CATALOGUE = `
plans:
  - key: whole
    currency: USD
    baseFee: 20
    charges:
      - { key: requests, meter: requests, includedUnits: 1000, price: { model: package, size: 1000, packagePrice: 0.5 } }
      - { key: tokens, meter: input_tokens, price: { model: graduated, bands: ${BANDS} }, maximum: 500 }
  - key: parted
    currency: USD
    baseFee: 20
    charges:
      - { key: requests, meter: requests, price: { model: bucketed, bucket: day, price: { model: per_unit, unitPrice: 0.001 } } }
      - { key: models, meter: input_tokens, price: { model: matrix, dimensions: [model], cells: [${CELLS.join(', ')}], otherwise: null } }
      - { key: large, meter: input_tokens, filter: { model: [large] }, price: { model: graduated, bands: ${BANDS} } }
tenants:
  - { id: ${WHOLE}, ${TENANT}, plan: whole, taxRates: [{ name: VAT, percent: 20 }] }
  - { id: ${PARTED}, ${TENANT}, plan: parted, taxRates: [{ name: VAT, percent: 20 }] }
`;

/** Asks one after the other on one connection, as one person's page does. */
export async function benchSpend(context: BenchContext): Promise<Findings> {
  const stack = await startBenchStack({ tenants: 1 });
  try {
    await post(stack, '/v1/catalogue', 'application/yaml', CATALOGUE);
    const rollups = await fillMonth(stack);
    for (const tenant of [WHOLE, PARTED]) await sendFirst(stack, tenant);
    const [whole, parted]: [AnsweredRun[], AnsweredRun[]] = [[], []];
    for (let run = -1; run < context.runs; run += 1) {
      const [ofWhole, ofParted] = [await measure(context, stack, WHOLE), await measure(context, stack, PARTED)];
      // The first one warms what caches keep.
      if (run < 0) continue;
      whole.push(ofWhole);
      parted.push(ofParted);
    }
    return {
      versions: await serverVersions(stack.database, stack.redis),
      settings: { runs: whole.length, 'rollup rows of a tenant': rollups, connections: 1 },
      measures: [
        ...latencies('spend.whole', 'charges on whole meters', whole),
        ...latencies('spend.parted', 'charges by dimension, filter and day', parted),
      ],
      processors: [
        medianShares('GET /v1/tenants/…/spend, charges on whole meters, per request', whole),
        medianShares('GET /v1/tenants/…/spend, charges by dimension, filter and day, per request', parted),
      ],
      notes: [
        'The answer has every line with its arithmetic, each charge with what is used, included and beyond, and the projection to the end of the period, which is a second rating.',
        'Charges on whole meters are told by the counters in Redis; what looks into the usage is read from the rollups by day, whose number does not rise with the number of events.',
      ],
    };
  } finally {
    await stack.stop();
  }
}

function measure(context: BenchContext, stack: BenchStack, tenant: string): Promise<AnsweredRun> {
  const requests = { kind: 'read', apiKey: stack.adminKey, path: `/v1/tenants/${tenant}/spend` } as const;
  return runLoad(context, stack, {
    connections: 1,
    seconds: secondsOf(context, SECONDS),
    requests,
    pace: { kind: 'free' },
  });
}

function latencies(key: string, name: string, runs: readonly AnsweredRun[]): Measure[] {
  const inMs = (of: 'p50' | 'p99'): number[] => runs.map(({ load }) => load.latencyMicros[of] / MICROS_PER_MS);
  return [
    { key: `${key}.p50`, name: `${name}: p50`, unit: 'ms', runs: inMs('p50'), target: { atMost: P50_MS_MAX } },
    { key: `${key}.p99`, name: `${name}: p99`, unit: 'ms', runs: inMs('p99') },
  ];
}

/** Rollups of every hour of the month, before the tenants have counters: these are made from them. */
async function fillMonth({ database }: BenchStack): Promise<number> {
  const { rowCount } = await database.query(
    `
insert into usage_hourly (tenant, usage_period, accounting_period, meter, dimensions, hour, event_count, quantity_sum, quantity_max,
  first_epoch, first_sequence, final_epoch, final_sequence)
select tenant, month, month, meter, dimensions, hour, 10, total, largest, 0, 1, 0, 1
from (select date_trunc('month', now(), 'UTC') as month) as open
cross join unnest($1::text[]) as tenant
cross join generate_series(month, month + interval '1 month' - interval '1 hour', interval '1 hour') as hour
cross join (
  select 'requests' as meter, '{}'::jsonb as dimensions, 10 as total, 1 as largest
  union all
  select 'input_tokens', jsonb_build_object('model', model), 10000, 1000 from unnest($2::text[]) as model
) as measured`,
    [[WHOLE, PARTED], MODELS],
  );
  await database.query(FILL_DAYS);
  await database.query('vacuum (analyze) usage_hourly, usage_daily');
  return (rowCount ?? 0) / 2;
}

async function sendFirst(stack: BenchStack, tenant: string): Promise<void> {
  const properties = { inputTokens: 1, model: 'large' };
  const event = { id: 'first', tenant, type: 'llm.request', occurredAt: new Date().toISOString(), properties };
  await post(stack, '/v1/events', 'application/json', JSON.stringify(event));
}

async function post({ apiUrl, adminKey }: BenchStack, path: string, type: string, body: string): Promise<void> {
  const headers = { 'content-type': type, authorization: `Bearer ${adminKey}` };
  const answer = await fetch(`${apiUrl}${path}`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
}
