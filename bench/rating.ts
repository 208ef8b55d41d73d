import { priceCharge } from '../src/rating/price-charge.ts';
import { rateInvoice } from '../src/rating/rate-invoice.ts';
import { type BenchContext, secondsOf } from './bench-context.ts';
import { MIX_METER, MIX_SIZE, mixCharge, mixInputs, mixUsage } from './rating-mix.ts';
import { startMonthLedger } from './rating-month.ts';
import { type Findings, medianShares } from './report.ts';

/** What this command measures. */
export const RATING_TITLE = 'rating: charges a second, an invoice of 10,000 lines, and the month of 10,000 tenants';

const SECONDS = 3;
const CHARGES_WANTED = 50_000;
const INVOICE_MS_WANTED = 1_000;
const INVOICE_SPANS = 10;
const INVOICE_CHARGES = 1_000;
const MONTH_TENANTS = 10_000;
const MONTH_TENANTS_QUICK = 200;
/** Different usage of every charge of the mix. */
const CASES = 800;
const MS_PER_SECOND = 1_000;

/** Rating itself runs in this process, which does nothing else; only the month needs a server, and it has PostgreSQL alone. */
export async function benchRating(context: BenchContext): Promise<Findings> {
  const tenants = context.quick ? MONTH_TENANTS_QUICK : MONTH_TENANTS;
  const seconds = secondsOf(context, SECONDS);
  const ledger = await startMonthLedger(tenants);
  try {
    // What runs for the first time is slow, and a month is rated by a process that has rated before.
    ratedCharges(seconds);
    const rounds = [];
    for (let run = 0; run < context.runs; run += 1) {
      const round = { charges: ratedCharges(seconds), invoice: ratedInvoice(), month: await ledger.rateAll(run) };
      context.say(`${Math.round(round.charges.perSecond)} charges/s, the month in ${round.month.toFixed(1)} s`);
      rounds.push(round);
    }
    const { lines } = rounds[0]?.invoice ?? { lines: 0 };
    return {
      versions: ledger.version,
      settings: {
        runs: rounds.length,
        'seconds a run': seconds,
        'charges in the mix': MIX_SIZE,
        'lines of the invoice': lines,
        tenants,
        'rollup rows of the month': ledger.rollupRows,
        connections: 4,
      },
      measures: [
        {
          key: 'rating.charges_per_second',
          name: 'a mix of models',
          unit: 'charges/s',
          runs: rounds.map(({ charges }) => charges.perSecond),
          target: { atLeast: CHARGES_WANTED },
        },
        {
          key: 'rating.invoice_ms',
          name: `an invoice of ${lines.toLocaleString('en-US')} lines`,
          unit: 'ms',
          runs: rounds.map(({ invoice }) => invoice.ms),
          target: { atMost: INVOICE_MS_WANTED },
        },
        {
          key: 'rating.month_seconds',
          name: `the month of ${tenants.toLocaleString('en-US')} tenants, from rollups to drafts`,
          unit: 's',
          runs: rounds.map(({ month }) => month),
        },
        {
          key: 'rating.month_drafts_per_second',
          name: 'drafts of that month',
          unit: 'drafts/s',
          runs: rounds.map(({ month }) => tenants / month),
        },
      ],
      processors: [
        medianShares(
          'one charge of the mix',
          rounds.map(({ charges }) => ({ microsPerEvent: { rating: charges.micros } })),
        ),
      ],
      notes: [
        'The mix has per-unit prices with included units and with conversion, graduated, volume and package bands, a percentage of four events, thirty days priced apart, and a matrix of three values; each price comes with its steps in words.',
        'The invoice has ten spans of a plan with 1,000 charges, checked and rated as a whole. The month has 93 rollup rows a tenant and 7 charges; each draft is gathered, rated, hashed and saved in a transaction of its own, on four connections of one process.',
      ],
    };
  } finally {
    await ledger.stop();
  }
}

/** Charges a second, priced one after the other, and the microseconds of processor time that one took. */
function ratedCharges(seconds: number): { readonly perSecond: number; readonly micros: number } {
  const cases = Array.from({ length: CASES }, (_, place) => ({
    charge: mixCharge(place),
    usage: mixUsage(place, place),
  }));
  const context = { aggregation: MIX_METER.aggregation, currency: 'USD' };
  const started = performance.now();
  const processorStart = process.cpuUsage();
  let priced = 0;
  while (performance.now() - started < seconds * MS_PER_SECOND) {
    for (const { charge, usage } of cases) priceCharge(charge, usage, context);
    priced += cases.length;
  }
  const { user, system } = process.cpuUsage(processorStart);
  return { perSecond: (priced * MS_PER_SECOND) / (performance.now() - started), micros: (user + system) / priced };
}

function ratedInvoice(): { readonly ms: number; readonly lines: number } {
  const inputs = mixInputs(INVOICE_SPANS, INVOICE_CHARGES);
  const started = performance.now();
  const result = rateInvoice(inputs);
  const ms = performance.now() - started;
  if ('problems' in result) throw new Error(result.problems.slice(0, 5).join('; '));
  return { ms, lines: result.content.lines.length };
}
